"""PDF beside the pages: printed when there is a browser, never in the way when there is none or it fails."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
import toy
from conftest import CHROMIUM

from reports import pdf


def fake(folder: Path, text: str) -> str:
    program = folder / "browser"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return str(program)


def pages(folder: Path) -> Path:
    for name in pdf.PRINTED:
        (folder / f"{name}.html").write_text(f"<!doctype html><title>{name}</title><p>{name}")
    return folder


@pytest.mark.parametrize("text", ["exit 3", "exit 0", "kill -9 $$", "cat", "sleep 600 & wait"])
def test_a_browser_that_fails_or_hangs_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(pdf.VARIABLE, fake(tmp_path, text))
    assert pdf.print_pages(pages(tmp_path), toy.NIGHT, patience_s=0.3) == []
    assert not list(tmp_path.glob("*.pdf"))


@pytest.mark.parametrize("named", ["", "/nowhere/chromium"])
def test_without_a_browser_nothing_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv(pdf.VARIABLE, named)
    assert pdf.browser() is None and pdf.print_pages(pages(tmp_path), toy.NIGHT) == []


def test_the_time_of_printing_is_the_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = "%PDF-1.4 /CreationDate (D:20991231235959+00'00') /ModDate (D:20991231235959+00'00')"
    script = f'for a; do case $a in --print-to-pdf=*) printf "%s" "{written}" > "${{a#*=}}";; esac; done'
    monkeypatch.setenv(pdf.VARIABLE, fake(tmp_path, script))
    assert pdf.print_pages(pages(tmp_path), dt.date(2026, 3, 1)) == ["overview.pdf", "map.pdf"]
    told = (tmp_path / "overview.pdf").read_text()
    assert told == written.replace("20991231235959", "20260301000000")


def test_chromium_prints_the_same_bytes_twice(night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: printing is not tested")
    monkeypatch.setenv(pdf.VARIABLE, str(CHROMIUM))
    monkeypatch.setattr(pdf, "PRINTED", ("overview",))
    (tmp_path / "overview.html").write_bytes((night / "overview.html").read_bytes())
    found = []
    for _ in range(2):
        assert pdf.print_pages(tmp_path, toy.NIGHT, patience_s=60) == ["overview.pdf"]
        found.append((tmp_path / "overview.pdf").read_bytes())
    assert found[0] == found[1]
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", found[0])) <= 8
