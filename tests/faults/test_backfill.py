"""`nightly --from --to` ends as if each night had been run on its day, made up for or made again (G11)."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest import nightly
from ingest.__main__ import app
from ingest.store import Store

DAYS = ("2026-01-10", "2026-01-11", "2026-01-12")


def page(day: str, second: int, cookie: str, login: str = "-") -> str:
    clock = f"{day[-2:]}/Jan/2026:12:00:{second:02d} +0000"
    return f'192.0.2.1 - {login} [{clock}] "GET /p/1 HTTP/1.1" 200 5 "-" "Mozilla/5.0 Firefox/144.0" "{cookie}"\n'


# a browser, its login a day later, a second browser of that login: each night's customer has another key
LOGS = (
    page(DAYS[0], 1, "c1") + page(DAYS[0], 2, "c2"),
    page(DAYS[1], 1, "c1", "mia"),
    page(DAYS[2], 1, "c2", "mia") + page(DAYS[2], 2, "c3"),
)


def command(site: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["nightly", "--quiet", "--site", str(site), *options])
    return result.exit_code, result.stderr


@pytest.fixture
def _only_ingest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a night derives is compared night by night, what is mined and reported of it at the end."""
    monkeypatch.setattr(nightly, "STAGES", ("ingest",))
    monkeypatch.setenv("FRONTSTAGE_KEY", "5e" * 32)
    monkeypatch.setenv("FRONTSTAGE_QUIET", "1")


@pytest.mark.usefixtures("_only_ingest")
def test_nights_made_up_for_and_made_again_end_like_nights_on_their_days(new_site, nights):
    on_time, late = new_site("on-time"), new_site("late")
    first_night: dict[str, str] = {}
    for day, log in zip(DAYS, LOGS, strict=True):
        on_time.put(f"web/{day}.log", log)
        late.put(f"web/{day}.log", log)
        assert nights.run(on_time, "ingest", as_of=day)[0] == 0
        first_night = first_night or on_time.tables()
    assert command(late.root, "--from", DAYS[0], "--to", DAYS[2]) == (0, "")
    assert [run["night"] for run in late.runs()] == list(DAYS)
    assert late.tables() == on_time.tables()
    with Store.open(late.warehouse, read_only=True) as store:
        told = store.rows("select cast(night_end as date)::varchar, reason from customer_change order by all")
    assert [night for night, _ in told] == ["2026-01-11", "2026-01-12"], told
    assert command(late.root, "--from", DAYS[1], "--to", DAYS[2]) == (0, "")
    for site in (on_time, late):
        assert nights.run(site, "mining", "reports")[0] == 0
    assert late.state() == on_time.state(), "made again, with the night before them to compare with"
    assert command(late.root, "--from", DAYS[0], "--to", DAYS[0]) == (0, "")
    again = late.tables()
    for table in ("event", "customer", "journey", "customer_change"):
        assert again[table] == first_night[table], "the very first again, before which there was nothing"


def test_a_night_that_fails_ends_them_and_wrong_calls_are_told(new_site):
    site = new_site()
    for options, message in {
        ("--from", DAYS[0]): "go together",
        ("--from", DAYS[1], "--to", DAYS[0]): "--to: got 2026-01-10, expected a day from 2026-01-11",
        ("--from", "x", "--to", DAYS[0]): "--from: got 'x'",
        ("--as-of", DAYS[0], "--from", DAYS[0], "--to", DAYS[0]): "the one or the others",
        ("--dry-run", "--from", DAYS[0], "--to", DAYS[0]): "--dry-run",
    }.items():
        code, said = command(site.root, *options)
        assert code == 2 and message in said, said
    (site.root / "process/steps.toml").unlink()
    assert command(site.root, "--from", DAYS[0], "--to", DAYS[1])[0] == 78
    assert [run["exit_code"] for run in site.runs()][-1:] == [78]
    assert len(site.runs()) < 7, "the second night was not begun"
