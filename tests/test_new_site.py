"""`make new`: the README's walk from a folder of files to a first report, and what a draft may and may not do."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from test_real_sites import REAL

from ingest.errors import UsageError
from ingest.settings import load_settings
from ingest.sniffing.clusters import patterns
from ingest.sniffing.dictionary import draft_steps, steps_toml
from ingest.sniffing.draft import new_site
from ingest.store import Store
from ingest.touch import Matcher, StepDictionary, compile_pattern, load_steps

ROOT = Path(__file__).parents[1]
REAL_FILES = ["web/zanbil_shop_nginx_2019/short-access.log", "call/pbxware_queue_log_2018/queue_log.native_derived",
              "order/olist/olist_orders_dataset.csv"]  # fmt: skip


def dropped_files(folder: Path, *, real: bool) -> None:
    """Three files as somebody drops them: of real logs when they are here, else of the sample."""
    folder.mkdir()
    if real:
        for name in REAL_FILES:  # the first lines say enough: the whole of these logs is walked in test_real_sites.py
            lines = (REAL / name).read_bytes().splitlines(keepends=True)
            (folder / Path(name).name).write_bytes(b"".join(lines[:600]))
        return
    inbox = ROOT / "data/sample/inbox"
    for source, n in (("web", 3), ("calls", 1), ("orders", 3)):
        for path in sorted(p for p in (inbox / source).rglob("*") if p.is_file())[-n:]:
            shutil.copy(path, folder)


def test_the_walk_of_the_readme(tmp_path: Path) -> None:
    (block,) = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    logs, site = tmp_path / "my-logs", tmp_path / "my-site"
    dropped_files(logs, real=REAL.is_dir())
    before = {path.name: path.read_bytes() for path in logs.iterdir()}
    for line in block.splitlines():
        words = shlex.split(line.replace("my-logs", str(logs)).replace("my-site", str(site)))
        if words[0] == "make":
            words = ["make", "-s", "-o", "setup", f"PY={sys.executable}", *words[1:]]
        else:
            assert words[0] == ".venv/bin/python"
            words[0] = sys.executable
        done = subprocess.run(
            words, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"FRONTSTAGE_BROWSER": ""}
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        if "sniff" in words:
            assert "surely nginx_combined" in done.stdout and "surely asterisk_queue_log" in done.stdout
    assert {path.name: path.read_bytes() for path in logs.iterdir()} == before
    assert (site / "reports/current/index.html").exists()
    with Store.open(site / "var/warehouse.duckdb", read_only=True) as store:
        undeclared, n = store.rows("select count(*) filter (visible is null), count(*) from event")[0]
        assert n > 500 and undeclared == 0
        text = (site / "process/steps.toml").read_text(encoding="utf-8")
        loaded = store.value("select count(*) from raw_event")
        if REAL.is_dir():  # of records that are told again only the newest state counts, and here none is
            assert f"of {loaded} events" in text
    if REAL.is_dir():
        way = tomllib.loads((site / "process/intended.toml").read_text(encoding="utf-8"))["steps"]
        assert way == ["place_order+", "paid+", "shipped+", "delivered+"]
        settings = load_settings(site / "site.toml")
        assert {s.adapter for s in settings.source} == {"nginx_combined", "asterisk_queue_log", "relational_orders"}
        assert "QUESTION: its times carry no zone" in (site / "site.toml").read_text(encoding="utf-8")
        counted = re.findall(r'"ENTERQUEUE IT",  # (\d+)', text)
        raw = (logs / Path(REAL_FILES[1]).name).read_text(encoding="utf-8")
        assert counted == [str(raw.count("|ENTERQUEUE|"))]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    logs, site = tmp_path / "logs", tmp_path / "site"
    logs.mkdir()
    site.mkdir()
    (site / "mine.txt").write_text("mine", encoding="utf-8")
    for root, folder, why in (
        (site, logs, "is there already"),
        (tmp_path / "new", tmp_path / "absent", "no such folder"),
        (logs / "site", logs, "lies in"),
        (tmp_path / "new", logs, "no adapter reads"),
    ):
        with pytest.raises(UsageError, match=why):
            list(new_site(root, folder))
    assert [path.name for path in site.iterdir()] == ["mine.txt"] and not (tmp_path / "new").exists()


def test_addresses_are_put_together_by_the_shape_of_their_paths() -> None:
    goods = {f"GET /product/{n}": 2 for n in range(100, 160)}
    tags = {f"GET /blog/tags/{word}": 1 for word in "abcdefghijklmnopqrst"}
    codes = {**goods, **tags, "GET /": 9, "GET /cart": 5, "GET /orders/A17/track": 3, "GET /old -> 4xx": 2,
             "GET /user/{email}": 1, "POST /product/7/review": 1,
             "GET /help/": 7, "GET /help": 6}  # fmt: skip
    assert all(any(compile_pattern(one).fullmatch(code) for one in patterns(codes)) for code in codes)
    assert patterns(codes) == {
        "GET /product/{product}": 120, "GET /blog/tags/*": 20, "GET /": 9, "GET /help/": 7, "GET /help": 6,
        "GET /cart": 5, "GET /orders/{order}/*": 3,
        "GET /old -> 4xx": 2, "GET /user/*": 1, "POST /product/{product}/*": 1,
    }  # fmt: skip


def test_a_draft_declares_every_code_and_its_counts_are_true(tmp_path: Path) -> None:
    web = {f"GET /product/{n}": 3 for n in range(50)} | {"GET /cart": 7, "GET /x -> 5xx": 1, "GET /über uns*": 2}
    codes = {
        "web": web | {f"GET /mia-{word}": 1 for word in "abcdefgh"} | {"GET /stories": 40},
        "calls": {"ENTERQUEUE IT": 5, "RINGNOANSWER IT": 9, "ABANDON IT": 1, "STRANGE {email} \\ \"thing'": 2},
    }
    people = {
        source: {code: set(range(min(n, 10))) for code, n in counted.items()} for source, counted in codes.items()
    }
    steps = draft_steps(codes, {"web": "web", "calls": "call"}, people)
    text = "\n".join(steps_toml(steps, 0))
    (tmp_path / "steps.toml").write_text(text, encoding="utf-8")
    read: StepDictionary = load_steps(tmp_path / "steps.toml", ["web", "calls"])
    matcher = Matcher(read)
    met: dict[str, int] = {}
    for source, counted in codes.items():
        for code, n in counted.items():
            step = matcher.match(source, code).step
            assert step, code
            met[step] = met.get(step, 0) + n
    assert met == {draft.meaning.step: sum(draft.counts.values()) for draft in steps}
    assert met["view_product"] == 150 and met["cart"] == 7 and met["page_stories"] == 40 and met["page_error"] == 1
    names = " ".join(f"{step.step} {step.label}" for step in read.step).lower()
    assert "mia" not in names, "a word that few people met may be a name"
    hidden = {step.step for step in read.step if not step.visible}
    assert {"call_system", "other_calls"} <= hidden
