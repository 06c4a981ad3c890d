"""No personal data on any way out, and a person who asked to be forgotten is gone to the last byte.

More than 500 items of 40 people stand in raw files of every adapter, in fields that are meant for them and in others.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent / "ingest"))

import planted_people as planted

from ingest.__main__ import app
from ingest.adapters import adapters
from ingest.pseudonym import load_key, normalise, pseudonyms
from ingest.store import Store

ROOT = Path(__file__).parents[1]
ITEMS = sorted({item.lower() for person in planted.people() for item in person.items()})
SUBJECT = planted.Person(17)


def write_site(root: Path) -> Path:
    for path, text in planted.inbox().items():
        (root / "inbox" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "inbox" / path).write_text(text)
    (root / "process").mkdir()
    (root / "site.toml").write_text(planted.site_toml())
    (root / "process/steps.toml").write_text(planted.steps())
    return root


def run(site: Path, *command: str, given: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command, "--site", str(site)],
        cwd=ROOT, env=os.environ | {"FRONTSTAGE_LOG": "DEBUG"}, input=given, capture_output=True, text=True,
        check=False, timeout=300, **options,
    )  # fmt: skip


def ingest(site: Path, *command: str) -> str:
    """An ingest command in this process, which spares the imports. Returns what it printed."""
    done = CliRunner().invoke(app, [*command, "--site", str(site)])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def seen(text: str) -> list[str]:
    """The planted items in a text."""
    low = text.lower()
    return [item for item in ITEMS if item in low]


def written(site: Path) -> Iterator[Path]:
    """Every file that the nights wrote."""
    for folder in ("var", "reports", "exports"):
        yield from (path for path in sorted((site / folder).rglob("*")) if path.is_file())


def plain(path: Path) -> str:
    """What can be read in a file, also where it is packed."""
    if path.suffix == ".parquet":
        return repr(pq.read_table(path).to_pylist())
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes()).decode()
    text = path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".duckdb":
        with Store.open(path, read_only=True) as store:
            text += repr([store.rows(f"from {name}") for (name,) in store.rows("show tables")])
    return text


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A site after a night at the chattiest level; what the night said."""
    site = write_site(tmp_path_factory.mktemp("planted") / "site")
    done = run(site, "ingest", "nightly")
    assert done.returncode == 0, done.stderr[-2000:]
    return site, done.stdout + done.stderr


def test_the_planted_data_is_what_it_claims_to_be(night):
    assert len(ITEMS) >= 500
    text = "".join(planted.inbox().values())
    assert set(seen(text)) == set(ITEMS), "each item stands in the raw files"
    assert {f'adapter = "{name}"' for name in adapters()} <= set(planted.site_toml().splitlines()), "of all adapters"
    with Store.open(night[0] / "var/warehouse.duckdb", read_only=True) as store:
        assert store.value("select count(*) from raw_event") > 600
        assert store.value("select count(*) from quarantine") > 200
        assert len(store.rows("select distinct source_id from raw_event")) == len(adapters())


def test_nothing_personal_on_any_way_out(night):
    site, said = night
    assert ": debug: " in said and seen(said) == []
    for path in written(site):
        if path.name != "warehouse.duckdb":
            assert seen(plain(path)) == [], path
    assert seen(ingest(site, "status")) == []


def test_in_the_warehouse_only_the_quarantine_keeps_plain_bytes(night):
    names_in_paths = {name.lower() for name in planted.FIRST + planted.LAST}  # nobody can tell them from goods
    with Store.open(night[0] / "var/warehouse.duckdb", read_only=True) as store:
        for table, columns in store.rows(
            "select table_name, list(column_name) from duckdb_columns() where not internal group by 1 order by 1"
        ):
            kept = [f'"{c}"' for c in columns if (table, c) != ("quarantine", "raw")]
            text = repr(store.rows(f"select {', '.join(kept)} from {table}"))
            assert set(seen(text)) <= names_in_paths, table


def test_nothing_personal_when_things_go_wrong(night, tmp_path):
    """A broken dictionary, a full disk, a bug: the text of the exception is never passed on."""
    site = shutil.copytree(night[0], tmp_path / "site", symlinks=True)
    (site / "process/steps.toml").write_text(planted.steps() + '[[step]]\nstep = "x"\n')
    runs = [run(site, "ingest")]
    (site / "process/steps.toml").write_text(planted.steps())
    with (site / "inbox/web/access.log").open("a") as file:
        file.writelines(planted.inbox()["web/access.log"].replace("/p/4711", f"/p/{n}") for n in range(40))
    (site / "inbox/crm/contacts-2.csv").write_text(planted.inbox()["crm/contacts.csv"].split("\n", 1)[1])
    (site / "inbox/web/cut.gz").write_bytes(gzip.compress(planted.inbox()["web/access.log"].encode())[:-9])
    (site / f"inbox/web/call {SUBJECT.phone}.log.gz").write_bytes(b"\x1f\x8b nothing")
    limit = (site / "var/warehouse.duckdb").stat().st_size + 100_000
    full = run(site, "ingest", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    runs += [full, run(site, "ingest")]
    assert [r.returncode for r in runs] == [78, 74, 0], [r.stderr[-300:] for r in runs]
    shutil.rmtree(site / "exports")
    (site / "exports").write_text("no folder")
    runs += [run(site, "mining")]
    assert runs[-1].returncode == 74
    for r in runs:
        assert seen(r.stdout + r.stderr) == [], r.stderr[-500:]
    for path in (site / "var/runs").rglob("*.json"):
        assert seen(path.read_text()) == []


def test_codes_of_few_customers_are_not_listed_in_a_report(night):
    """A name in a path looks like any other path; what few customers did is folded."""
    page = (night[0] / "reports/current/data.html").read_text()
    assert "/konto/" not in page and "of fewer than 5 customers" in page
    assert "GET /pay/{card}" in page, "what many did is listed"


def marks(site: Path, person: planted.Person) -> list[bytes]:
    """Bytes of a person: plain values, and their pseudonyms as text and in both byte orders."""
    key = load_key(site / "var/key")
    values = {
        "customer_no": person.customer, "email": person.email, "phone": person.phone, "login": person.login,
        "cookie": person.cookie, "order_no": person.order,
    }  # fmt: skip
    found = [
        v.encode()
        for v in (
            *values.values(),
            person.national,
            person.last + "-" + person.first,
            person.card,
            person.iban,
            person.ip6,
        )
    ]
    found += [
        person.email.replace("@", "%40").encode(),
        person.token.encode(),
        person.secret.encode(),
        person.agent.encode(),
    ]
    for kind, value in values.items():
        name = pseudonyms(key, kind, [normalise(kind, value, "DE") or ""])[0]
        number = uuid.UUID(name).int
        # DuckDB keeps a UUID as a signed number: its first bit is turned over
        for stored in (number, number ^ (1 << 127)):
            found += [stored.to_bytes(16, "little"), stored.to_bytes(16, "big")]
        found += [name.encode(), name.replace("-", "").encode()]
    return found


def holding(site: Path, sought: list[bytes]) -> list[tuple[str, bytes]]:
    return [(path.name, mark) for path in written(site) for mark in sought if mark in path.read_bytes()]


NUMBERS = {
    "raw_event": "file_id, code_id, party_id, load_no",
    "quarantine": "file_id",
    "dropped": "file_id",
    "link": "file_id, party_id",
}


def contract(site: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What ingest keeps, without the numbers that are given in the order of loading."""
    with Store.open(site / "var/warehouse.duckdb", read_only=True) as store:
        tables = {
            name: store.rows(
                f"""select t.* exclude ({numbers}), l.path
                from {name} as t inner join ledger as l using (file_id) order by all"""
            )
            for name, numbers in NUMBERS.items()
        }
        tables["ledger"] = store.rows("select * exclude (file_id, mtime_hint) from ledger order by all")
        tables["order_product"] = store.rows("select * exclude (load_no) from order_product order by all")
        tables["identifier"] = store.rows("select kind, pseudonym from identifier order by all")
        tables["code"] = store.rows("select source_id, code from code order by all")
        tables["event"] = store.rows("select * exclude (source_file) from event order by all")
        for name in ("journey", "customer", "journey_event"):
            tables[name] = store.rows(f"from {name} order by all")
        return tables


@pytest.fixture(scope="module")
def forgotten(night, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str], dict[str, Any]]:
    """The site after one person was forgotten; the command; the answer to their access request the day before."""
    site = shutil.copytree(night[0], tmp_path_factory.mktemp("forgotten") / "site", symlinks=True)
    with (site / "reports/2026-01-31/overview.html").open() as page:
        old = page.read()
    asked = run(site, "ingest", "whois", "--kind", "phone", "--json", given=SUBJECT.national + "\n")
    answer = json.loads(asked.stdout)
    (site / "reports/2026-01-30").mkdir()
    (site / "reports/2026-01-30/overview.html").write_text(old + answer["journeys"][0]["journey_key"])
    (site / "reports/2026-01-29").mkdir()
    (site / "reports/2026-01-29/overview.html").write_text("a night without them")
    done = run(site, "ingest", "forget", "--kind", "email", "--until", "2026-01-31", given=SUBJECT.email.upper() + "\n")
    return site, done, answer


def test_whois_answers_with_everything_that_is_held(forgotten):
    _, _, answer = forgotten
    assert answer["found"] and not answer["forgotten_before"]
    assert {i["kind"] for i in answer["identifiers"]} >= {
        "customer_no",
        "email",
        "phone",
        "order_no",
        "call_no",
        "login",
        "cookie",
    }
    assert {event["source"] for event in answer["events"]} == {"web", "queue", "cdr", "orders", "crm"}
    sources = {event["source"] for event in answer["events"]}  # the others tell of other people
    holding = {Path(path).name for path in planted.inbox() if path.split("/")[0] in sources}
    assert {file["file"] for file in answer["raw_files"]} == holding and len(holding) >= 5
    assert {file["file"] for file in answer["quarantined"]} >= {"access.log", "queue_log", "Master.csv", "contacts.csv"}
    # a name in a page's path is theirs to read here; nothing else of anybody is
    assert set(seen(json.dumps(answer))) <= {SUBJECT.first.lower(), SUBJECT.last.lower()}


def test_a_forgotten_person_is_in_no_byte(forgotten, night):
    site, done, answer = forgotten
    assert done.returncode == 0, done.stderr[-1000:]
    assert seen(done.stdout + done.stderr) == []
    before = {mark for _, mark in holding(night[0], marks(night[0], SUBJECT))}
    assert SUBJECT.email.encode() in before and len(before) > 10, "the marks are what the files would hold"
    keys = [journey["journey_key"].encode() for journey in answer["journeys"]] + [
        answer["customer"]["customer_key"].encode()
    ]
    assert holding(site, marks(site, SUBJECT) + keys) == []
    assert not list((site / "var").glob("*.wal")) and not list((site / "var").glob("*.rewrite*"))
    assert "removed report 2026-01-30" in done.stdout
    assert sorted(path.name for path in (site / "reports").iterdir()) == ["2026-01-29", "2026-01-31", "current"]
    assert (site / "reports/current/overview.html").exists() and (site / "exports/findings.json").exists()
    assert "still in the inbox: web/access.log: lines" in done.stdout
    again = ingest(site, "whois", "--kind", "phone", "--value", SUBJECT.phone)
    assert "nothing is held" in again and "it was forgotten" in again


def test_the_others_stay_and_the_accounting_holds(forgotten, night):
    before, after = contract(night[0]), contract(forgotten[0])
    assert {row[0] for row in after["identifier"]} == {row[0] for row in before["identifier"]}
    assert set(after["raw_event"]) < set(before["raw_event"])
    with Store.open(forgotten[0] / "var/warehouse.duckdb", read_only=True) as store:
        assert (
            store.rows("select path from ledger where n_lines <> n_accepted + n_duplicate + n_quarantined + n_blank")
            == []
        )
        assert store.value("select sum(n_lines) from dropped where reason = 'forgotten'") > 10
        assert store.value("select count(*) from customer") > 30
        others = store.rows("select count(*) from data_quality where measure = 'lines of people who were forgotten'")
        assert others == [(5,)], "told, per source"
    for other in (planted.Person(16), planted.Person(18)):
        assert holding(forgotten[0], marks(forgotten[0], other)), "the next ones are still there"


def test_no_file_brings_a_forgotten_person_back(forgotten):
    """Touched, compressed under another name, overlapping, new lines of them; then all from the raw files alone."""
    site, _, _ = forgotten
    for path in (site / "inbox").rglob("*"):
        if path.is_file():
            path.touch()
    text = planted.inbox()["web/access.log"]
    (site / "inbox/web/renamed.gz").write_bytes(gzip.compress(text.encode()))
    late = next(line for line in text.splitlines(keepends=True) if SUBJECT.cookie in line)
    page = late.replace("/p/4711", f"/orders/{SUBJECT.order}").replace(SUBJECT.cookie, "-").replace(SUBJECT.login, "-")
    broken = late.replace("10/Jan", "99/Jan")
    (site / "inbox/web/late.log").write_text(late.replace("/p/4711", "/p/9") + page + broken)
    ingest(site)
    assert holding(site, marks(site, SUBJECT)) == []
    grown = contract(site)
    for name in ("warehouse.duckdb", "state.json"):
        (site / "var" / name).unlink()
    ingest(site)
    assert holding(site, marks(site, SUBJECT)) == []
    rebuilt = contract(site)
    for name in (
        "raw_event",
        "quarantine",
        "link",
        "order_product",
        "identifier",
        "code",
        "event",
        "journey",
        "customer",
        "journey_event",
    ):
        assert rebuilt[name] == grown[name], name


def test_who_comes_back_later_is_a_new_customer(forgotten, tmp_path):
    site = shutil.copytree(forgotten[0], tmp_path / "site", symlinks=True)
    late = next(line for line in planted.inbox()["web/access.log"].splitlines(keepends=True) if SUBJECT.cookie in line)
    (site / "inbox/web/later.log").write_text(late.replace("10/Jan", "03/Feb"))
    ingest(site, "--as-of", "2026-02-05")
    answer = json.loads(ingest(site, "whois", "--kind", "login", "--value", SUBJECT.login, "--json"))
    assert [event["occurred_at"][:10] for event in answer["events"]] == ["2026-02-03"]


def test_the_key_is_in_no_other_file_and_ours_are_closed_to_others(forgotten, night):
    site = forgotten[0]
    key = (site / "var/key").read_text().strip()
    sought = [key.encode(), key.upper().encode(), bytes.fromhex(key)]
    assert [name for name, _ in holding(site, sought)] == ["key"]
    for path in written(night[0]):
        assert path.stat().st_mode & 0o007 == 0, path
    for name in ("key", "forgotten", "erasure.json"):
        assert (site / "var" / name).stat().st_mode & 0o777 == 0o600, name
