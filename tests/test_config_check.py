"""`config-check` names every problem of a site's configuration: file, key, what was got, what was expected."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.__main__ import app as ingest_app
from mining.__main__ import app as mining_app

ROOT = Path(__file__).parents[1]
SITE = """[site]
name = "Tiny"
timezone = "Europe/Berlin"
[[source]]
name = "web"
adapter = "nginx_combined"
[[source]]
name = "calls"
adapter = "asterisk_queue_log"
files = "queue_log*"
"""
STEPS = """[[step]]
step = "page"
label = "Page"
stage = "research"
channel = "web"
codes.web = ["GET *"]
[[step]]
step = "pay"
label = "Pay"
stage = "order"
channel = "web"
codes.web = ["POST /pay"]
"""
INTENDED = """process = "order"
steps = ["page*", { optional = ["pay"] }]
rules = ["at most 1 pay per journey"]
[weights]
pay = 2
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for folder in ("process", "inbox/web", "inbox/calls", "var"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "site.toml").write_text(SITE)
    (tmp_path / "process/steps.toml").write_text(STEPS)
    (tmp_path / "process/intended.toml").write_text(INTENDED)
    (tmp_path / "inbox/web/access.log").write_text("x\n")
    (tmp_path / "inbox/calls/queue_log").write_text("x\n")
    return tmp_path


def check(site: Path) -> tuple[int, list[str]]:
    """Both stages' checks: the worse exit code, all lines."""
    runs = [CliRunner().invoke(app, ["config-check", "--site", str(site)]) for app in (ingest_app, mining_app)]
    assert all(run.stderr == "" for run in runs)
    return max(run.exit_code for run in runs), [line for run in runs for line in run.stdout.splitlines()]


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(site: Path) -> None:
        text = (site / file).read_text()
        assert old in text
        (site / file).write_text(text.replace(old, new, 1))

    return change


def write_key(text: str, mode: int) -> Callable[[Path], None]:
    def change(site: Path) -> None:
        (site / "var/key").write_text(text)
        (site / "var/key").chmod(mode)

    return change


def scenario(change: str, rest: str = "", name: str = "a") -> Callable[[Path], None]:
    def write(site: Path) -> None:
        (site / "process/scenarios").mkdir(exist_ok=True)
        text = f'scenario = "{name}"\nlabel = "Some"\n[change]\n{change}\n{rest}'
        (site / f"process/scenarios/{len(list((site / 'process/scenarios').iterdir()))}.toml").write_text(text)

    return write


IN_SITE, IN_STEPS, IN_INTENDED = "site.toml", "process/steps.toml", "process/intended.toml"
BROKEN: dict[str, tuple[Callable[[Path], object], list[list[str]]]] = {
    "unknown key": (edit(IN_SITE, "timezone", "timezon"), [[IN_SITE, "site.timezon", "did you mean 'timezone'"]]),
    "missing key": (edit(IN_SITE, 'name = "Tiny"\n', ""), [[IN_SITE, "site.name", "missing"]]),
    "no TOML": (edit(IN_SITE, "[site]", "[site"), [[IN_SITE, "not TOML", "line 1"]]),
    "no zone": (edit(IN_SITE, "Europe/Berlin", "Europe/Berlino"), [[IN_SITE, "site.timezone", "got 'Europe/Berlino'"]]),
    "wrong value": (
        edit(IN_SITE, "[[source]]", "min_cell = 0\n[privacy]\nmin_cell = 0\n[[source]]"),
        [[IN_SITE, "site.min_cell", "unknown key"], [IN_SITE, "privacy.min_cell", "got 0, expected", "1"]],
    ),
    "unknown adapter": (
        edit(IN_SITE, "nginx_combined", "nginx_combind"),
        [[IN_SITE, "source.0.adapter", "got 'nginx_combind'", "did you mean 'nginx_combined'"]],
    ),
    "unknown audit": (edit(IN_SITE, "[[source]]", '[audits]\nsilnt = "off"\n[[source]]'), [["audits", "'silent'"]]),
    "no inbox": (lambda site: shutil.rmtree(site / "inbox/calls"), [[IN_SITE, "source.1.inbox", "missing"]]),
    "no file fits": (
        edit(IN_SITE, "queue_log*", "queue*.gz"),
        [[IN_SITE, "source.1.files", "got 'queue*.gz'", "1 others, such as 'queue_log'"]],
    ),
    "tables are missing": (
        edit(IN_SITE, "nginx_combined", "relational_orders"),
        [[IN_SITE, "source.0.tables", "got no table"]],
    ),
    "steps of an unknown source": (
        edit(IN_STEPS, "codes.web", "codes.webb"),
        [[IN_STEPS, "step.0.codes.webb", "did you mean 'web'"]],
    ),
    "steps broken twice": (
        edit(IN_STEPS, 'label = "Page"\nstage = "research"', 'lable = "Page"\nstage = "resarch"'),
        [["step.0.lable", "did you mean 'label'"], ["step.0.stage", "'resarch'"], ["step.0.label", "missing"]],
    ),
    "an item asked twice in one step": (
        edit(IN_STEPS, 'step = "pay"', 'step = "pay"\nasks = ["card", "card"]'),
        [[IN_STEPS, "step.1", "card named twice"]],
    ),
    "a hidden step asks": (
        edit(IN_STEPS, 'step = "pay"', 'step = "pay"\nvisible = false\nasks = ["card"]'),
        [[IN_STEPS, "step.1", "asks on a step with visible = false"]],
    ),
    "a price of what nobody asks": (
        lambda site: (
            edit(IN_STEPS, 'step = "pay"', 'step = "pay"\nasks = ["card"]')(site),
            edit(IN_SITE, "[[source]]", "[costs.ask_min]\ncrad = 1\n[[source]]")(site),
        ),
        [[IN_SITE, "costs.ask_min.crad", "did you mean 'card'"]],
    ),
    "a price below nothing": (
        edit(IN_SITE, "[[source]]", "[costs.ask_min]\ncard = -1\n[[source]]"),
        [[IN_SITE, "costs.ask_min", "expected minutes"]],
    ),
    "no steps": (lambda site: (site / IN_STEPS).unlink(), [[IN_STEPS, "no such file"]]),
    "key for all to read": (write_key("5e" * 32, 0o644), [["var/key", "expected mode 0600", "chmod 600"]]),
    "no key": (write_key("s3cret", 0o600), [["var/key", "expected 64 hex digits"]]),
    "intended: unknown key": (edit(IN_INTENDED, "rules", "ruls"), [[IN_INTENDED, "ruls", "did you mean 'rules'"]]),
    "intended: unknown steps": (
        edit(IN_INTENDED, '{ optional = ["pay"] }]', '"pai", { optional = ["pya"] }]\nignore = ["pag"]'),
        [
            ["steps[1]", "'pai'", "did you mean 'pay'"],
            ["steps[2].optional", "'pya'"],
            ["ignore", "'pag'", "did you mean 'page'"],
        ],
    ),
    "intended: rules": (
        edit(IN_INTENDED, "at most 1 pay per journey", 'be quick", "page within 2 days of pey'),
        [["rules", "'be quick'", "expected one of"], ["rules", "'pey'", "did you mean 'pay'"]],
    ),
    "intended: a drawing beside the text": (
        lambda site: (site / "process/intended.bpmn").write_text("<x/>"),
        [["process/intended.bpmn", "intended.toml is there too", "one file of the two"]],
    ),
    "calendar": (
        lambda site: (site / "process/calendar.toml").write_text('[working_hours]\nmondy = ["09:00-17:00"]\n'),
        [["process/calendar.toml", "working_hours.mondy", "did you mean 'monday'"]],
    ),
    "scenario: unknown key": (
        scenario("agents = { calls = 1 }", "[assum]\n"), [["scenarios/0.toml", "assum", "did you mean 'assume'"]],
    ),
    "scenario: two things at once": (
        scenario("agents = { calls = 1 }\nmenu = { levels = 1 }"), [["got agents, menu, expected one of"]],
    ),
    "scenario: a line beside queues": (
        scenario('line = "calls"\nagents = { calls = 1 }'), [["change.line: agents names its queues itself"]],
    ),
    "scenario: nothing is assumed": (
        scenario('merge = { calls = "calls" }'), [["assume.merged_share: missing", "low, mid, high and a source"]],
    ),
    "scenario: unknown step": (
        scenario(
            'page = { step = "pae", calls = "calls" }',
            '[assume.page_calls_factor]\nlow = 0\nmid = 0.5\nhigh = 1\nsource = "none"',
        ),
        [["change.page.step", "'pae'", "did you mean 'page'"]],
    ),
    "scenario: one name twice": (
        lambda site: (scenario("agents = { calls = 1 }")(site), scenario("agents = { calls = 2 }")(site)),
        [["scenarios", "'a' is also the name of 0.toml"]],
    ),
    "intended: weights": (edit(IN_INTENDED, "pay = 2", "pa = 2"), [[IN_INTENDED, "weights.pa", "did you mean 'pay'"]]),
}  # fmt: skip


def test_a_good_site_and_the_sample_have_no_problem(site: Path) -> None:
    assert check(site) == (0, [])
    assert check(ROOT / "data/sample") == (0, [])
    assert not (site / "var/key").exists(), "nothing is made"


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_site_is_explained(site: Path, name: str) -> None:
    change, expected = BROKEN[name]
    change(site)
    code, lines = check(site)
    assert code == 78
    assert len(lines) == len(expected), lines
    for words in expected:
        assert any(all(word in line for word in words) for line in lines), (words, lines)
    assert all(str(site) in line.split(": ")[0] for line in lines)
    assert "s3cret" not in "".join(lines)


def test_all_problems_of_all_files_are_told_at_once(site: Path) -> None:
    names = ["unknown key", "unknown adapter", "no inbox", "steps of an unknown source", "no key", "intended: rules"]
    for name in names:
        BROKEN[name][0](site)
    code, lines = check(site)
    assert (code, len(lines)) == (78, 7)
    told = CliRunner().invoke(ingest_app, ["config-check", "--json", "--site", str(site)])
    problems = json.loads(told.stdout)["problems"]
    assert len(problems) == 5 and all(set(problem) == {"file", "key", "what"} for problem in problems)


def test_a_wrong_key_in_the_environment(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTSTAGE_KEY", "s3cret")
    code, lines = check(site)
    assert code == 78 and len(lines) == 1 and "FRONTSTAGE_KEY" in lines[0] and "s3cret" not in lines[0]


def test_no_site(tmp_path: Path) -> None:
    run = CliRunner().invoke(ingest_app, ["config-check", "--site", os.fspath(tmp_path / "none")])
    assert run.exit_code == 2 and run.stderr.startswith("frontstage config-check: ") and "no such site" in run.stderr
