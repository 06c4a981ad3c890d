"""What operators and schedulers rely on: run.json, logs, dry run, audits before publishing, metrics, examples."""

from __future__ import annotations

import ast
import fcntl
import gzip
import hashlib
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tiny_site import AGENT
from tiny_site import WEB_SITE as SITE
from tiny_site import WEB_STEPS as STEPS
from typer.testing import CliRunner

from ingest import __version__, nightly
from ingest.__main__ import app
from ingest.errors import ExitCode
from ingest.record import RunRecord, StageRecord
from ingest.rehearsal import Plan
from ingest.status import Status
from ingest.store import Store

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SAMPLE = ROOT / "data/sample"


def web(day: int, second: int, cookie: str = "c1", path: str = "/p/1") -> str:
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    head = f"198.51.100.77 - - [{day:02d}/Jan/2026:{clock} +0000]"
    return f'{head} "GET {path} HTTP/1.1" 200 5 "-" "{AGENT}" "{cookie}"\n'


@pytest.fixture(autouse=True)
def _no_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options of speech are handed on as variables: none must outlive its test."""
    for name in ("FRONTSTAGE_QUIET", "FRONTSTAGE_LOG_FORMAT"):
        monkeypatch.setenv(name, "")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    for folder in ("process", "inbox/web"):
        (root / folder).mkdir(parents=True)
    (root / "site.toml").write_text(SITE)
    (root / "process/steps.toml").write_text(STEPS)
    (root / "inbox/web/a.log").write_text(web(10, 1) + web(10, 60))
    return root


def ingest(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in this process, which spares a second of imports each time."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="python -m ingest")
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def last_run(site: Path) -> RunRecord:
    return RunRecord.model_validate_json(sorted((site / "var/runs").glob("*/run.json"))[-1].read_text())


def tree(root: Path) -> dict[str, str]:
    """Every file, link and folder of a site, and what is in it."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(root.rglob("*"))
    }


class TestDryRun:
    def part_of_the_sample(self, root: Path, days: int) -> None:
        """Files of the sample's first days; later ones are delivered later."""
        shutil.copytree(SAMPLE / "process", root / "process", dirs_exist_ok=True)
        shutil.copy(SAMPLE / "site.toml", root)
        for source in ("web", "orders", "calls", "cdr"):
            (root / "inbox" / source).mkdir(parents=True, exist_ok=True)
            for path in sorted((SAMPLE / "inbox" / source).iterdir())[:days]:
                shutil.copy(path, root / "inbox" / source)

    def test_it_changes_nothing_and_foretells_the_real_run(self, tmp_path: Path) -> None:
        root = tmp_path / "site"
        self.part_of_the_sample(root, 1)
        late = sorted((root / "inbox/orders").iterdir())[0]
        late.rename(tmp_path / late.name)
        assert ingest("--site", root, "--as-of", "2026-01-20").returncode == 0
        self.part_of_the_sample(root, 2)
        (root / "inbox/orders/again.json.gz").write_bytes(late.read_bytes())
        damaged = bytearray((SAMPLE / "inbox/web/access.log-20251207.gz").read_bytes())
        damaged[len(damaged) // 2] ^= 1
        (root / "inbox/web/damaged.gz").write_bytes(damaged)
        with Store.open(root / "var/warehouse.duckdb", read_only=True) as store:
            last_file = store.value("select max(file_id) from ledger")
        before = tree(root)
        run = ingest("--dry-run", "--json", "--site", root, "--as-of", "2026-01-20")
        plan = Plan.model_validate_json(run.stdout)
        assert tree(root) == before
        real = ingest("--json", "--site", root, "--as-of", "2026-01-20")
        record = RunRecord.model_validate_json(real.stdout)
        (stage,) = record.stages
        assert (run.returncode, plan.exit_code, plan.reason) == (real.returncode, record.exit_code, record.reason)
        assert [plan.n_files, plan.n_new_files, plan.n_refused_files, plan.n_events] == [
            stage.figures[name] for name in ("n_files", "n_new_files", "n_refused_files", "n_events")
        ]
        assert plan.n_refused_files == 1 and plan.n_new_files > 5
        assert plan.arrival.lines() == stage.figures["new"]
        assert plan.arrival.restated == record.restated != []
        assert plan.audits == record.audits and "refused" in [audit.audit for audit in plan.audits]
        with Store.open(root / "var/warehouse.duckdb", read_only=True) as store:
            rows = store.records(
                "from ledger inner join source using (source_id) where file_id > $n order by file_id",
                {"n": last_file},
            )
        assert len(rows) == plan.n_new_files
        for file, row in zip(plan.arrival.files, rows, strict=True):
            expected = row | {"source": row["name"]}
            assert file.model_dump() == {name: expected[name] for name in file.model_dump()}

    def test_a_site_that_never_ran_stays_as_it_was(self, site: Path) -> None:
        before = tree(site)
        run = ingest("nightly", "--dry-run", "--site", site)
        assert run.returncode == 0 and run.stderr == ""
        assert "1 of 1 files would be read" in run.stdout
        assert "web/a.log: 2 lines = 2 accepted + 0 duplicate + 0 quarantined + 0 blank" in run.stdout
        assert "days with new events: 2026-01-10" in run.stdout
        assert tree(site) == before

    def test_it_fails_as_the_real_run_would(self, site: Path) -> None:
        (site / "inbox/web/a.log").write_text("no log\n")
        before = tree(site)
        run = ingest("--dry-run", "--site", site)
        assert run.returncode == ExitCode.DATA_GATE and "no usable line" in run.stderr
        assert tree(site) == before

    def test_what_a_killed_one_left_is_removed_by_the_next_run(self, site: Path) -> None:
        (site / "var/dry-run").mkdir(parents=True)
        (site / "var/dry-run/warehouse.duckdb").write_text("personal")
        assert ingest("--site", site).returncode == 0
        assert not (site / "var/dry-run").exists()


class TestSpeech:
    def test_json_lines(self, site: Path) -> None:
        (site / "inbox/web/mia.wolf@example.net.gz").write_bytes(b"\x1f\x8b\x08 damaged")
        run = ingest("--log-format", "json", "--site", site)
        lines = [json.loads(line) for line in run.stderr.splitlines()]
        assert {(line["run_id"], line["stage"]) for line in lines} == {("r000001", "ingest")}
        events = {line["event"]: line for line in lines}
        assert set(events) == {"file_started", "file_loaded", "file_refused", "audit", "ended"}
        loaded = events["file_loaded"]
        assert (loaded["level"], loaded["source"], loaded["file"]) == ("info", "web", "a.log")
        zero = dict.fromkeys(("duplicate", "quarantined", "blank", "held_back"), 0)
        assert loaded["counts"] == {"lines": 2, "accepted": 2} | zero
        assert (events["file_refused"]["level"], events["file_refused"]["file"]) == ("warning", "{email}")
        assert events["ended"]["exit_code"] == 0 and events["ended"]["counts"]["n_events"] == 2
        assert "mia.wolf" not in run.stderr and run.stdout.startswith("Tiny: ")

    def test_an_error_is_a_json_line_too(self, site: Path) -> None:
        (site / "site.toml").write_text(SITE.replace("timezone", "timezon"))
        run = ingest("--log-format", "json", "--site", site)
        (line,) = [json.loads(line) for line in run.stderr.splitlines()]
        assert (line["level"], line["event"], line["exit_code"]) == ("error", "ended", 78)

    def test_quiet_leaves_only_problems(self, site: Path) -> None:
        run = ingest("--quiet", "--site", site)
        assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
        (site / "inbox/web/b.gz").write_bytes(b"\x1f\x8b\x08 damaged")
        run = ingest("--quiet", "--site", site)
        assert run.returncode == 0 and run.stdout == ""
        assert re.fullmatch(
            r"frontstage ingest: warning: web/b.gz: refused: .*\n.*warning: web: 1 file .*\n", run.stderr
        )

    @pytest.mark.parametrize(("term", "is_alive"), [("xterm", True), ("dumb", False)])
    def test_a_terminal_shows_the_file_at_hand(self, site: Path, term: str, is_alive: bool) -> None:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "ingest", "--site", str(site)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, env=os.environ | {"TERM": term, "NO_COLOR": "1"},
        ) as process:  # fmt: skip
            os.close(theirs)
            told = b""
            while chunk := _read(ours):
                told += chunk
            assert process.stdout is not None and b"\x1b" not in process.stdout.read()
        os.close(ours)
        assert process.returncode == 0
        assert (b"web/a.log" in told and b"\x1b" in told) == is_alive
        assert is_alive or told == b""
        assert not re.search(rb"\x1b\[[0-9;]*3[0-9]m", told), "NO_COLOR"

    def test_no_code_tells_the_text_of_an_exception(self) -> None:
        """DuckDB's and Python's own texts hold values of the logs: they are neither logged nor put into a message."""
        for path in [path for stage in ("ingest", "mining", "reports") for path in (ROOT / stage).rglob("*.py")]:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
                    told = [ast.unparse(part) for part in (*node.args, *node.keywords)]
                    assert not {"error", "str(error)", "repr(error)"} & set(told), f"{path}:{node.lineno}"
                    assert "exc_info" not in "".join(told) and node.func.attr != "exception", f"{path}:{node.lineno}"
                if isinstance(node, ast.ExceptHandler) and re.search(r"duckdb|\bException\b", ast.unparse(node.type)):
                    assert "{error}" not in ast.unparse(node), f"{path}:{node.lineno}"


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end is closed
        return b""


class TestNight:
    def test_the_cron_line_runs_without_an_environment_and_says_nothing(self, site: Path) -> None:
        """One night from start to end, as cron starts it; then what it left for other programs."""
        found = re.search(r"^15 2 \* \* \* (cd .*)$", README, re.M)
        assert found, "README.md has a cron line"
        command = found.group(1).replace("/path/to/frontstage", str(ROOT)).replace("/path/to/site", str(site))
        (site / "inbox/web/cut.gz").write_bytes(gzip.compress(web(10, 5).encode() * 50, mtime=0))
        run = subprocess.run(
            ["env", "-i", "PATH=/usr/bin:/bin", "sh", "-c", command + " -o .venv/.runtime"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
        record = last_run(site)
        assert (record.exit_code, record.reason, record.stage, str(record.night)) == (0, "ok", "reports", "2026-01-10")
        assert [stage.stage for stage in record.stages] == ["ingest", "mining", "reports"]
        self.check_metrics((site / "var/metrics.prom").read_text())
        self.check_status(site)

    def check_metrics(self, text: str) -> None:
        """OpenMetrics: every sample follows its type, and the end is marked."""
        name, seen = "", {}
        for line in text.splitlines()[:-1]:
            if line.startswith("# "):
                name = line.split(" ")[2]
                assert re.fullmatch(r"# (HELP [a-z_]+ .+|TYPE [a-z_]+ gauge)", line)
            else:
                matched = re.fullmatch(r'([a-z_]+)((?:\{(?:[a-z]+="[^"\\]*",?)+\})?) (-?[0-9.e+]+)', line)
                assert matched and matched[1] == name, line
                seen[matched[1] + matched[2]] = float(matched[3])
        assert text.endswith("# EOF\n")
        assert seen["frontstage_exit_code"] == 0
        assert seen['frontstage_lines{source="web",outcome="accepted"}'] == 52
        assert seen["frontstage_last_success_timestamp_seconds"] == seen["frontstage_last_run_timestamp_seconds"]
        assert set(seen) >= {f'frontstage_stage_seconds{{stage="{s}"}}' for s in ("ingest", "mining", "reports")}

    def check_status(self, site: Path) -> None:
        run = ingest("status", "--json", "--site", site)
        status = Status.model_validate_json(run.stdout)
        assert run.stderr == "" and status.last_run == status.last_success
        assert status.last_run is not None and (status.last_run.run_id, status.last_run.exit_code) == ("r000001", 0)
        (source,) = status.sources
        assert (source.n_files, source.n_lines, source.n_accepted) == (2, 52, 52)
        assert (status.n_events, status.undeclared_share, status.n_customers) == (52, 0, 1)
        assert status.warehouse_bytes == (site / "var/warehouse.duckdb").stat().st_size
        assert {measure.measure for measure in status.identity} >= {"events without any identifier"}

    def test_the_sample_night_raises_no_audit(self, sample_night: Path) -> None:
        record = last_run(sample_night / "data/sample")
        assert (record.exit_code, record.audits, record.restated) == (0, [], [])
        assert [stage.stage for stage in record.stages] == ["ingest", "mining", "reports"]

    def test_an_audit_that_fails_publishes_nothing(self, site: Path) -> None:
        """The cookie is gone from the web log of the night: nobody could be known again."""
        lines = [web(day, 60 * i, f"c{i % 40}") for day in range(1, 10) for i in range(120)]
        (site / "inbox/web/a.log").write_text("".join(lines))
        (site / "inbox/web/b.log").write_text("".join(web(10, 60 * i, "-") for i in range(120)))
        (site / "reports/2026-01-09").mkdir(parents=True)
        (site / "reports/current").symlink_to("2026-01-09")
        run = ingest("nightly", "--json", "--site", site)
        record = RunRecord.model_validate_json(run.stdout)
        assert (run.returncode, record.exit_code, record.stage) == (3, 3, "ingest")
        (audit,) = record.audits
        assert (audit.audit, audit.severity, audit.publishes, audit.source) == ("orphans", "error", False, "web")
        assert record.reason == audit.message and "120 of 120" in audit.message
        assert (site / "reports/current").readlink() == Path("2026-01-09")
        assert not (site / "exports").exists() or not list((site / "exports").iterdir())
        (site / "site.toml").write_text(SITE + '[audits]\norphans = "warn"\n')
        run = ingest("--site", site)
        assert run.returncode == 0 and "120 of 120" in run.stderr
        assert last_run(site).audits[0].severity == "warn"

    def test_a_run_that_ends_badly_says_so_whatever_comes_after(self) -> None:
        """A gate that publishes is followed by good stages; the process still ends with 3."""
        run = RunRecord(run_id="r1").with_stage(StageRecord(stage="ingest", exit_code=3, reason="undeclared"))
        run = run.with_stage(StageRecord(stage="reports", exit_code=0, reason="ok"))
        assert (run.exit_code, run.stage, run.reason) == (3, "ingest", "undeclared")
        run = run.with_stage(StageRecord(stage="x", exit_code=74, reason="full"))
        assert (run.exit_code, run.stage, run.reason) == (74, "x", "full")

    def test_a_stage_that_is_killed_is_noted(self, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As by the kernel when memory is short: the stage itself can say nothing."""
        monkeypatch.setattr(nightly, "STAGES", ("ingest",))
        killed = subprocess.Popen
        monkeypatch.setattr(nightly.subprocess, "Popen", lambda *_, **__: killed(["sh", "-c", "kill -9 $$"]))
        run = ingest("nightly", "--site", site)
        assert run.returncode == 137 and "ended by SIGKILL" in run.stderr
        assert (last_run(site).exit_code, last_run(site).stage) == (137, "ingest")
        assert "frontstage_exit_code 137\n" in (site / "var/metrics.prom").read_text()

    def test_status_while_a_run_is_at_work(self, site: Path) -> None:
        assert ingest("--site", site).returncode == 0
        code = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print(flush=True); input()"
        command = [sys.executable, "-c", code, str(site / "var/warehouse.duckdb")]
        with (
            (site / "var/lock").open("w") as lock,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run,
        ):
            assert run.stdout is not None and run.stdout.readline()
            assert ingest("status", "--site", site).returncode == ExitCode.STORAGE, "somebody else has it open"
            fcntl.flock(lock, fcntl.LOCK_EX)
            status = ingest("status", "--site", site)
            run.communicate(b"\n")
        assert status.returncode == ExitCode.BUSY and "another run is at work" in status.stderr

    def test_a_night_waits_for_a_reader_that_is_soon_done(self, site: Path) -> None:
        assert ingest("--site", site).returncode == 0
        code = "import sys, duckdb; c = duckdb.connect(sys.argv[1], read_only=True); print(flush=True); input()"
        command = [sys.executable, "-c", code, str(site / "var/warehouse.duckdb")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
            assert reader.stdout is not None and reader.stdout.readline()
            with ThreadPoolExecutor(1) as pool:
                night = pool.submit(Store.open, site / "var/warehouse.duckdb", patience_s=60)
                reader.communicate(b"\n")
                with night.result() as store:
                    assert store.value("select count(*) from event") == 2

    def test_late_data_restates_days(self, site: Path) -> None:
        assert ingest("--site", site).returncode == 0
        assert last_run(site).restated == []
        (site / "inbox/web/b.log").write_text(web(8, 5) + web(10, 60) + web(11, 3))
        assert ingest("--site", site).returncode == 0
        assert [str(day) for day in last_run(site).restated] == ["2026-01-08"]


class TestSchemas:
    @pytest.mark.parametrize("name", ["site", "steps", "run", "dry-run", "status"])
    def test_each_is_strict_and_versioned(self, name: str) -> None:
        schema = json.loads(ingest("schema", name).stdout)
        assert schema["additionalProperties"] is False and schema["type"] == "object"
        if name in ("run", "dry-run", "status"):
            assert schema["properties"]["schema_version"]["const"] == 1

    def test_keys_that_programs_rely_on_stay(self) -> None:
        """Adding one is fine; to take one away or rename it is a new schema version."""
        for name, keys in KEYS.items():
            assert set(keys.split()) <= set(json.loads(ingest("schema", name).stdout)["properties"]), name


KEYS = {
    "run": "schema_version run_id exit_code stage reason seconds night restated audits stages",
    "status": "schema_version site night last_run last_success sources quarantine refused_files n_held_back n_events "
    "n_undeclared undeclared_share n_customers n_journeys identity audits warehouse_bytes free_bytes",
    "dry-run": "schema_version site night exit_code reason n_files n_new_files n_refused_files arrival audits n_events "
    "warehouse_bytes warehouse_bytes_after free_bytes",
}


@pytest.mark.parametrize("stage", ["ingest", "mining", "reports"])
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_slow(stage: str, option: str) -> None:
    """Which modules are imported decides the time; the time itself depends on the machine."""
    command = [sys.executable, "-X", "importtime", "-m", stage, option]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in run.stderr.splitlines() if "|" in line}
    assert imported & {"typer"} and not imported & {
        "pm4py",
        "duckdb",
        "pandas",
        "pyarrow",
        "numpy",
        "scipy",
        "pydantic",
    }
    assert option == "--help" or run.stdout == f"frontstage {__version__}\n"


def test_the_version_is_that_of_the_package() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_systemd_accepts_the_units_of_the_readme(tmp_path: Path) -> None:
    units: dict[str, Any] = {}
    for name, text in re.findall(r"```ini\n# (\S+)\n(.*?)```", README, re.S):
        units[name] = re.sub(r"/opt/frontstage/.venv/bin/python", sys.executable, text)
    assert set(units) == {"frontstage.service", "frontstage.timer", "frontstage-failed.service"}
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    paths = [str(tmp_path / name) for name in units]
    run = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
    assert run.returncode == 0 and str(tmp_path) not in run.stderr, run.stderr
