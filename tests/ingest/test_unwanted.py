"""An adapter's quick look (`unwanted`) is a short cut and no rule: with it and without it a file gives the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingest.load
from ingest.adapters import Adapter, adapters

QUICK = [name for name, adapter in adapters().items() if adapter.unwanted != Adapter.unwanted]
SOURCES = {"nginx_combined": {"web": {"adapter": "nginx_combined", "extra": ["cookie"]}}}
STEPS = [{"step": "any", "label": "Any", "stage": "research", "channel": "web", "codes": {"web": ["*"]}}]

PARTS = ["GET", "HEAD", "get", "", "/", "/a", ".png", ".JPG", ".css", ".html", ".pngx", "?", "#", "x=1.png", " "]
PARTS += [" HTTP/1.1", '"', '\\"', "%20", "é", "\\x22"]
TAILS = ['"-" "Firefox" "c1"', '"-" "Firefox"', '"-" "Googlebot/2.1" "c1"', '"-" "-" "-"', ""]
TAILS += ['"/a.png" "Mozilla/5.0 \\"x\\"" "c1"']
line = st.builds(
    lambda parts, tail, status: f'192.0.2.1 - - [10/Jan/2026:00:00:00 +0000] "{"".join(parts)}" {status} 12 {tail}',
    st.lists(st.sampled_from(PARTS), max_size=7),
    st.sampled_from(TAILS),
    st.sampled_from(["200", "404", "x"]),
)


@pytest.mark.parametrize("name", QUICK)
def test_the_quick_look_changes_nothing(new_lab, monkeypatch, name):
    assert name in SOURCES, "say here how a source of this adapter is declared"
    slow = adapters() | {name: replace(adapters()[name], unwanted=Adapter.unwanted)}

    @settings(max_examples=6)
    @given(st.lists(line, min_size=1, max_size=100))
    def same(lines: list[str]) -> None:
        told = []
        for known in (adapters(), slow):
            monkeypatch.setattr(ingest.load, "adapters", lambda known=known: known)
            lab = new_lab(SOURCES[name], STEPS)
            lab.put("web", "a.log", "".join(f"{text}\n" for text in lines))
            lab.load()
            lab.check_identity()
            told.append(
                [
                    lab.raw_events(),
                    lab.rows("select reason, n_lines from dropped order by all"),
                    lab.rows("select line_no, field, value_masked from quarantine order by all"),
                ]
            )
            lab.close()
        assert told[0] == told[1]

    same()


def test_pictures_are_told_at_a_look(new_lab):
    """Else the test above could pass with a quick look that never sees anything."""
    lab = new_lab(SOURCES["nginx_combined"], STEPS)
    lab.put("web", "a.log", '192.0.2.1 - - [10/Jan/2026:00:00:00 +0000] "GET /a.PNG?x HTTP/1.1" 200 12 "-" "F" "c"\n')
    lab.load()
    assert lab.rows("select unwanted from stage_line") == [("static",)]
