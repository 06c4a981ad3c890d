"""`python -m ingest` as a scheduler meets it: exit codes, one clear line, run.json, and the last report untouched."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tiny_site import AGENT, SITE, STEPS
from typer.testing import CliRunner

from ingest.__main__ import app
from ingest.errors import ExitCode
from ingest.store import Store

ROOT = Path(__file__).parents[1]
SECRETS = ("mia.wolf", "01705634771", "1705634771", "c0ffee00", "198.51.100.77", "4111111111111111", "s3cret")


def web(second: int, path: str = "/p/1", cookie: str = "c0ffee00") -> str:
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    head = f"198.51.100.77 - mia.wolf [10/Jan/2026:{clock} +0000]"
    return f'{head} "GET {path} HTTP/1.1" 200 5 "-" "{AGENT}" "{cookie}"\n'


def call(at: int = 1768032000) -> str:
    return f"{at}|{at}.1|orders|NONE|ENTERQUEUE||01705634771|1\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with one night's files, and a report of an earlier night whose warehouse is gone."""
    root = tmp_path / "site"
    for folder in ("process", "inbox/web", "inbox/calls", "reports/2026-01-09", "var/runs"):
        (root / folder).mkdir(parents=True)
    (root / "site.toml").write_text(SITE)
    (root / "process/steps.toml").write_text(STEPS)
    (root / "inbox/web/a.log").write_text(web(1) + web(60, "/p/2"))
    (root / "inbox/calls/queue_log").write_text(call())
    (root / "reports/2026-01-09/index.html").write_text("the last report")
    (root / "reports/current").symlink_to("2026-01-09")
    return root


def command(site: Path | str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "ingest", *arguments, "--site", str(site)]


def ingest(site: Path | str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in this process, which spares a second of imports each time."""
    result = CliRunner().invoke(app, command(site, *arguments)[3:], prog_name="python -m ingest")
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def ingest_apart(site: Path | str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a scheduler starts it."""
    return subprocess.run(
        command(site, *arguments),
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def runs(site: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((site / "var/runs").glob("*/run.json"))]


def check_failure(
    run: subprocess.CompletedProcess[str], site: Path, code: int, *words: str, recorded: bool = True
) -> None:
    """One line on stderr, the exit code, the same in run.json, the last report in place, nobody's data."""
    assert run.returncode == code, run.stderr
    lines = run.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("frontstage "), run.stderr
    for word in words:
        assert word in lines[0], run.stderr
    if recorded:
        last = runs(site)[-1]
        assert last["exit_code"] == code
        assert last["reason"] in lines[0] and last["reason"] != "ok"
        assert last["stages"][-1]["exit_code"] == code
    check_report(site)
    check_nobodys_data(run, site)


def check_report(site: Path) -> None:
    assert (site / "reports/current/index.html").read_text() == "the last report"
    assert (site / "reports/current").is_symlink()


def check_nobodys_data(run: subprocess.CompletedProcess[str], site: Path) -> None:
    text = run.stdout + run.stderr + "".join(path.read_text() for path in sorted((site / "var").rglob("*.json")))
    assert not [secret for secret in SECRETS if secret in text]


TABLES = (
    "ledger",
    "raw_event",
    "quarantine",
    "line_seen",
    "event",
    "customer",
    "journey",
    "journey_event",
    "touch",
    "run_fact",
)


def tables(site: Path) -> dict[str, list[tuple[Any, ...]]]:
    with Store.open(site / "var/warehouse.duckdb", read_only=True) as store:
        return {table: store.rows(f"from {table} order by all") for table in TABLES}


def test_a_good_run_leaves_whole_tables_and_a_record(site):
    run = ingest_apart(site)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "Tiny: 2 new of 2 files, 3 events up to 2026-01-10\n"
    (record,) = runs(site)
    assert (record["exit_code"], record["reason"], record["stage"]) == (0, "ok", "ingest")
    assert record["stages"][0]["figures"] | {"n_lines": 3, "n_undeclared": 0} == record["stages"][0]["figures"]
    assert not list((site / "var").glob("*.wal")), "the stage ends with a checkpoint"
    assert (site / "var/key").stat().st_mode & 0o777 == 0o600
    assert (site / "var/warehouse.duckdb").stat().st_mode & 0o007 == 0
    check_report(site)
    before = tables(site)
    again = ingest(site)
    assert again.stdout.startswith("Tiny: 0 new of 2 files, 3 events")
    assert tables(site) == before
    assert [record["run_id"] for record in runs(site)] == ["r000001", "r000002"]


@pytest.mark.parametrize("arguments", [(), ("nightly",)], ids=["ingest", "nightly"])
class TestBeforeAnyWork:
    """The same for the stage and for the nightly job: run.json is there whenever there is a site to put it in."""

    def test_no_such_site(self, site, arguments):
        run = ingest(site / "nowhere", *arguments)
        check_failure(run, site, ExitCode.USAGE, "nowhere", "no such site", recorded=False)

    def test_no_site_toml(self, site, arguments):
        (site / "site.toml").unlink()
        check_failure(ingest(site, *arguments), site, ExitCode.USAGE, "no site.toml", recorded=False)

    def test_unreadable_configuration(self, site, arguments):
        (site / "site.toml").write_bytes(b'[site]\nname = "\xff s3cret"\n')
        check_failure(ingest(site, *arguments), site, ExitCode.CONFIG, "site.toml", "UTF-8")

    def test_unknown_key(self, site, arguments):
        (site / "site.toml").write_text(SITE.replace("timezone", "timezon"))
        check_failure(
            ingest(site, *arguments), site, ExitCode.CONFIG, "site.toml", "site.timezon", "did you mean 'timezone'"
        )

    def test_missing_inbox(self, site, arguments):
        shutil.rmtree(site / "inbox/calls")
        check_failure(ingest_apart(site, *arguments), site, ExitCode.CONFIG, "'calls'", "inbox", "missing")

    def test_empty_inbox(self, site, arguments):
        for path in (site / "inbox").rglob("*.*"):
            path.unlink()
        (site / "inbox/calls/queue_log").unlink()
        check_failure(ingest_apart(site, *arguments), site, ExitCode.DATA_GATE, "no usable line")

    def test_second_run_at_once(self, site, arguments):
        with (site / "var/lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            started = time.monotonic()
            check_failure(ingest(site, *arguments), site, ExitCode.BUSY, "another run", recorded=False)
            assert time.monotonic() - started < 20
        assert ingest(site).returncode == 0, "the lock falls off with its holder"


def test_no_usable_line(site):
    (site / "inbox/web/a.log").write_text("mia.wolf s3cret\n")
    (site / "inbox/calls/queue_log").write_text("1|2\n")
    check_failure(ingest(site), site, ExitCode.DATA_GATE, "no usable line")
    lines = ingest(site, "status").stdout
    assert "1 quarantined" in lines and "quarantined 1 of web: fields" in lines


def test_no_usable_line_in_a_later_night_leaves_the_tables(site):
    assert ingest(site).returncode == 0
    before = tables(site)
    check_failure(ingest(site, "--as-of", "2020-01-01"), site, ExitCode.DATA_GATE, "no event up to 2020-01-01")
    assert tables(site) == before


def test_wrong_arguments(site):
    check_failure(ingest(site, "--as-of", "yesterday"), site, ExitCode.USAGE, "AS_OF", "'yesterday'", "YYYY-MM-DD")
    run = ingest(site, "--as-off", "2026-01-01")
    assert run.returncode == 2 and "Traceback" not in run.stderr


def test_a_broken_step_dictionary(site):
    (site / "process/steps.toml").write_text(STEPS.replace("label", "lable", 1))
    check_failure(ingest(site), site, ExitCode.CONFIG, "steps.toml", "lable", "did you mean 'label'")
    (site / "process/steps.toml").unlink()
    check_failure(ingest(site), site, ExitCode.CONFIG, "steps.toml", "no such file")


def test_too_much_undeclared_is_a_gate_and_the_tables_stand(site):
    (site / "inbox/web/b.log").write_text(web(90).replace('"GET', '"POST'))
    run = ingest(site)
    check_failure(run, site, ExitCode.DATA_GATE, "1 of 4 events", "steps.toml")
    assert len(tables(site)["event"]) == 4


def test_our_folder_cannot_be_made(site):
    shutil.rmtree(site / "var")
    (site / "var").write_text("a file")
    check_failure(ingest(site), site, ExitCode.STORAGE, "var", recorded=False)


class TestState:
    """What the last run left is compared before anything is written."""

    @pytest.fixture(autouse=True)
    def _first_night(self, site):
        assert ingest(site).returncode == 0

    def test_wrong_key(self, site):
        before = tables(site)
        (site / "var/key").write_text("77" * 32)
        (site / "inbox/web/b.log").write_text(web(99))
        check_failure(ingest(site), site, ExitCode.CONFIG, "key", "not the one")
        assert tables(site) == before

    def test_a_key_that_others_can_read_or_that_is_none(self, site):
        (site / "var/key").chmod(0o644)
        check_failure(ingest(site), site, ExitCode.CONFIG, "key", "chmod 600")
        (site / "var/key").chmod(0o600)
        (site / "var/key").write_text("s3cret\n")
        check_failure(ingest(site), site, ExitCode.CONFIG, "key", "64 hex digits")

    def test_an_older_warehouse(self, site):
        old = site.parent / "old.duckdb"
        shutil.copy(site / "var/warehouse.duckdb", old)
        (site / "inbox/web/b.log").write_text(web(99))
        assert ingest(site).returncode == 0
        shutil.copy(old, site / "var/warehouse.duckdb")
        check_failure(ingest(site), site, ExitCode.STATE, "warehouse.duckdb", "state.json")
        assert len(tables(site)["ledger"]) == 2, "nothing is written"

    def test_no_warehouse_any_more(self, site):
        (site / "var/warehouse.duckdb").unlink()
        check_failure(ingest(site), site, ExitCode.STATE, "warehouse.duckdb", "rebuild")
        assert not (site / "var/warehouse.duckdb").exists()
        (site / "var/state.json").unlink()
        assert ingest(site).returncode == 0, "the advice of the message works"

    def test_a_damaged_warehouse_or_state(self, site):
        (site / "var/state.json").write_text("{")
        check_failure(ingest(site), site, ExitCode.STATE, "state.json")
        (site / "var/state.json").unlink()
        (site / "var/warehouse.duckdb").write_bytes(b"no database" * 1000)
        check_failure(ingest(site), site, ExitCode.STATE, "warehouse.duckdb")


@pytest.fixture(scope="module")
def many_lines() -> bytes:
    """Enough lines that a signal finds the load, and then the deriving, at work."""
    lines = "".join(web(i % 86400, f"/p/{i % 7}", f"v{i % 900}") for i in range(40_000))
    return gzip.compress(lines.encode(), 1, mtime=0)


@pytest.mark.parametrize(
    ("number", "code", "mark"),
    [
        (signal.SIGTERM, 143, "loading/stage.sql"),
        (signal.SIGINT, 130, "loading/accept.sql"),
        (signal.SIGTERM, 143, "derive/sessions.sql"),
    ],
    ids=["SIGTERM while loading", "SIGINT while loading", "SIGTERM while deriving"],
)
def test_a_stopped_run_leaves_the_tables_of_the_night_before(site, many_lines, number, code, mark):
    assert ingest(site).returncode == 0
    before = tables(site)
    (site / "inbox/web/many.gz").write_bytes(many_lines)
    with subprocess.Popen(
        command(site),
        cwd=ROOT,
        env=os.environ | {"FRONTSTAGE_LOG": "DEBUG"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if mark in line:
                break
        stopped = time.monotonic()
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait() == code, rest
        assert time.monotonic() - stopped < 5
    assert f"stopped by {number.name}" in rest and "Traceback" not in rest
    assert runs(site)[-1]["exit_code"] == code
    check_report(site)
    after = tables(site)
    derived = TABLES[4:]
    assert {t: after[t] for t in derived} == {t: before[t] for t in derived}
    if mark.startswith("loading"):
        assert after == before


def test_no_personal_data_on_any_way_out(site):
    (site / "inbox/web/a.log").write_text(
        web(1, "/reset?mail=mia.wolf@example.net&pin=s3cret")
        + web(2, "/u/mia.wolf@example.net/pay/4111111111111111")
        + "mia.wolf s3cret 01705634771\n"
        + web(3).replace("10/Jan", "10/s3cret")
    )
    (site / "inbox/web/cut.gz").write_bytes(gzip.compress(web(5).encode() * 50)[:-9])
    run = ingest_apart(site, FRONTSTAGE_LOG="DEBUG")
    assert run.returncode == 0
    check_nobodys_data(run, site)
    check_nobodys_data(ingest(site, "status"), site)
    with Store.open(site / "var/warehouse.duckdb", read_only=True) as store:
        shown = (
            store.rows("select reason from ledger")
            + store.rows("select value_masked, expectation from quarantine")
            + store.rows("select raw_code, attributes from event")
            + store.rows("from data_quality")
        )
    assert not [secret for secret in SECRETS if secret in repr(shown)]


@pytest.mark.parametrize("level", ["WARNING", "DEBUG"])
@pytest.mark.parametrize(
    "fault",
    ['store.run("select cast(\'mia.wolf s3cret\' as integer)", name="a step")', "int('mia.wolf s3cret')"],
    ids=["duckdb", "python"],
)
def test_a_bug_tells_its_place_and_no_value(site, fault, level):
    """DuckDB's and Python's exception texts hold the value that they stumbled over."""
    code = (
        "import sys; from pathlib import Path; from ingest.run import run_stage\n"
        f"sys.exit(run_stage('ingest', Path(sys.argv[1]), lambda site, store: {fault}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(site)],
        cwd=ROOT,
        env=os.environ | {"FRONTSTAGE_LOG": level},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == ExitCode.BUG
    assert "bug" in run.stderr
    text = run.stderr + run.stdout + (site / "var/runs/r000001/run.json").read_text()
    assert "mia.wolf" not in text
    assert runs(site)[-1]["exit_code"] == 1


def test_requarantine_is_a_run_like_any_other(site):
    (site / "inbox/web/a.log").write_text(web(1) + "mia.wolf s3cret\n")
    assert ingest(site).returncode == 0
    before = tables(site)
    run = ingest(site, "requarantine", "--source", "web")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "Tiny: 1 lines were in quarantine, 1 are left, events up to 2026-01-10\n"
    assert runs(site)[-1]["stage"] == "requarantine"
    assert tables(site) == before
    check_failure(
        ingest(site, "requarantine", "--source", "wep"), site, ExitCode.USAGE, "--source", "did you mean 'web'"
    )


def test_status_of_a_site_without_a_warehouse(site):
    run = ingest(site, "status")
    assert run.returncode == 0 and "no warehouse yet" in run.stdout
    assert ingest(site / "nowhere", "status").returncode == ExitCode.USAGE


def test_every_exit_code_is_that_of_the_table():
    """reliability.md 1.4"""
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "BUG": 1,
        "USAGE": 2,
        "DATA_GATE": 3,
        "STATE": 4,
        "STORAGE": 74,
        "BUSY": 75,
        "CONFIG": 78,
        "SIGINT": 130,
        "SIGTERM": 143,
    }
