"""The adapter contract: what every adapter found in ingest/adapters must do with its cases and with hostile files.

An adapter brings tests/ingest/adapters/<name>.toml: options of its source section, files with their headers, and cases,
each a raw record and what becomes of it: events, `dropped`, `quarantine`, `links` (identifiers without event), `blank`.

Every adapter goes through its cases, its drifts, files in pieces, and hostile records. What the loader does with each
way of cutting files into records is tried at length with one adapter of each way, and with all by `make truth`.
"""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import json
import os
import random
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ingest.adapters import Adapter, adapters
from ingest.pseudonym import KINDS, normalise, pseudonyms
from ingest.sniffing.ocel_head import as_log

CASES = Path(__file__).parent / "adapters"
ADAPTERS = sorted(adapters())
AT_LENGTH = ["asterisk_queue_log", "relational_orders", "shopify_orders_json"]
if os.environ.get("FRONTSTAGE_TRUTH"):
    AT_LENGTH = ADAPTERS
JSON = [name for name in AT_LENGTH if adapters()[name].records == "json"]
KEY = bytes.fromhex("5e" * 32)


def cases_of(name: str) -> dict[str, Any]:
    path = CASES / f"{name}.toml"
    if not path.exists():
        pytest.fail(f"adapter {name!r} has no cases: add tests/ingest/adapters/{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


class Bench:
    """One adapter with its cases, as files of bytes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.adapter: Adapter = adapters()[name]
        self.told = cases_of(name)
        self.cases: list[dict[str, Any]] = self.told["case"]
        self.headers = {file["name"]: file.get("header") for file in self.told["file"]}
        self.options = {"adapter": name} | self.told.get("source", {})

    def file_of(self, case: dict[str, Any]) -> str:
        return str(case.get("file", next(iter(self.headers))))

    def records(self, file: str, *, good: bool = False) -> list[str]:
        """The raw records of one file; `good` are those that give events."""
        return [case["given"] for case in self.cases if self.file_of(case) == file and (case.get("event") or not good)]

    def compose(self, file: str, records: list[str], eol: str = "\n") -> bytes:
        """A file of records, as a source would write it."""
        if self.adapter.records == "json":
            opening, closing = (f'{{"{self.adapter.list_key}": [', "]}") if self.adapter.list_key else ("[", "]")
            return (opening + ",\n".join(records) + closing).replace("\n", eol).encode()
        if self.adapter.records == "xml":
            return ("<log>" + eol + "".join(record + eol for record in records) + "</log>" + eol).encode()
        if self.adapter.records == "ocel":  # of which a record tells all that the log says of it
            return json.dumps(as_log([json.loads(record) for record in records]), indent=1).replace("\n", eol).encode()
        header = [self.headers[file]] if self.headers[file] else []
        return "".join(line + eol for line in header + records).encode()

    def files(self, eol: str = "\n") -> dict[str, bytes]:
        return {file: self.compose(file, self.records(file), eol) for file in self.headers}

    def line_no(self, case: dict[str, Any]) -> int:
        """Number of a case's record in its file: a CSV header is line 1."""
        of_file = [c for c in self.cases if self.file_of(c) == self.file_of(case)]
        return of_file.index(case) + 1 + (self.headers[self.file_of(case)] is not None)


BENCHES = {name: Bench(name) for name in ADAPTERS if (CASES / f"{name}.toml").exists()}


@pytest.fixture(scope="module", params=AT_LENGTH)
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param)


def lab_with(new_lab, bench: Bench, *deliveries: dict[str, bytes]):
    """A lab of an adapter, with files delivered and loaded."""
    lab = new_lab(
        {"src": bench.options},
        [{"step": "any", "label": "Any", "stage": "help", "channel": "x", "codes": {"src": ["*"]}}],
    )
    for files in deliveries:
        for name, data in files.items():
            lab.put("src", name, data)
        lab.load()
        lab.check_identity()
    return lab


@pytest.fixture
def make(new_lab, bench):
    """Makes labs of the adapter in hand and closes them with the test: each holds threads and memory, and of a
    thousand open ones the last adapter's would get none."""
    labs = []

    def made(*deliveries: dict[str, bytes]):
        labs.append(lab_with(new_lab, bench, *deliveries))
        return labs[-1]

    yield made
    for lab in labs:
        lab.close()


@pytest.fixture(scope="module")
def loaded(bench, new_lab):
    """All cases of an adapter, loaded once."""
    lab = lab_with(new_lab, bench, bench.files())
    yield lab
    lab.close()


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_adapter_has_cases_that_cover_it(name):
    bench = Bench(name)
    kinds = Counter(
        kind for case in bench.cases for kind in ("event", "quarantine", "dropped", "links", "blank") if kind in case
    )
    assert kinds["event"] >= 4 and kinds["quarantine"] >= 3, kinds
    names = [case["name"] for case in bench.cases]
    assert len(set(names)) == len(names)


def test_no_case_file_without_an_adapter():
    assert {path.stem for path in CASES.glob("*.toml")} <= set(ADAPTERS)


@pytest.mark.parametrize(
    ("name", "number"),
    [(name, i) for name, bench in BENCHES.items() for i in range(len(bench.cases))],
    ids=[f"{name}: {case['name']}" for name, bench in BENCHES.items() for case in bench.cases],
)
def test_case(name, number, case_labs):
    bench, lab = case_labs(name)
    case = bench.cases[number]
    file = f"(select file_id from ledger where path = '{bench.file_of(case)}')"
    where = f"line_no = {bench.line_no(case)} and file_id = {file}"
    check_events(lab, case, where)
    bad = lab.records(f"select field, expectation, value_masked from quarantine where {where}")
    if "quarantine" in case:
        assert len(bad) == 1, "the line should be in quarantine"
        assert {k: v for k, v in bad[0].items() if k in case["quarantine"]} == case["quarantine"]
    else:
        assert bad == []
    if "dropped" in case:
        assert case["dropped"] in [reason for (reason,) in lab.rows("select reason from dropped")]
        n = sum(other.get("dropped") == case["dropped"] for other in bench.cases)
        assert lab.rows(f"select sum(n_lines) from dropped where reason = '{case['dropped']}'") == [(n,)]
    if "links" in case:
        expected = named_identifiers(case["links"])
        parties = lab.records(
            "select "
            + ", ".join(
                f"(select cast(pseudonym as varchar) from identifier where identifier_id = p.{k}) as {k}" for k in KINDS
            )
            + " from party as p"
        )
        assert expected in [{k: v for k, v in party.items() if v and k != "visitor"} for party in parties]


@pytest.fixture(scope="module")
def case_labs(new_lab):
    """A bench and the lab with all its cases, loaded once per adapter."""
    known: dict[str, Any] = {}

    def of(name: str):
        if name not in known:
            bench = Bench(name)
            lab = new_lab({"src": bench.options})
            for file, data in bench.files().items():
                lab.put("src", file, data)
            lab.load()
            known[name] = bench, lab
        return known[name]

    return of


def check_events(lab, case: dict[str, Any], where: str) -> None:
    """The events of one line against those expected, in the order of their times and codes."""
    columns = ", ".join(
        f"(select cast(i.pseudonym as varchar) from identifier as i where i.identifier_id = p.{kind}) as {kind}"
        for kind in KINDS
    )
    found = lab.records(
        f"""select r.*, c.code, {columns} from (select * from raw_event where {where}) as r
        inner join code as c using (code_id) left join party as p using (party_id) order by occurred_at, code"""
    )
    assert [event["code"] for event in found] == [event["code"] for event in case.get("event", [])]
    for event, expected in zip(found, case.get("event", []), strict=True):
        for name, value in expected.items():
            if name == "identifiers":
                assert {k: event[k] for k in KINDS if event[k] and k != "visitor"} == named_identifiers(value)
            elif name in ("occurred_at", "ended_at") and value != "none":
                assert event[name] == dt.datetime.fromisoformat(value), name
            else:
                assert event[name] == (None if value == "none" else value), name


def named_identifiers(plain: dict[str, str]) -> dict[str, str]:
    """{kind: pseudonym} of plain identifiers."""
    return {kind: str(pseudonyms(KEY, kind, [normalise(kind, value, "DE") or ""])[0]) for kind, value in plain.items()}


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_format_that_changes_in_the_middle_of_a_file_is_quarantined(name, new_lab):
    """Good records, then lines of the changed format: no line is read into wrong columns, none is lost (G12)."""
    bench = Bench(name)
    lab, clean = (new_lab({"src": bench.options}) for _ in range(2))
    good = {file: bench.records(file, good=True) or bench.records(file)[:1] for file in bench.headers}
    files: dict[str, list[dict[str, Any]]] = {}
    for number, drift in enumerate(bench.told["drift"]):
        # a new header spoils all that follows it, so each drift of a table has a file of its own
        path = f"{number}/{bench.file_of(drift)}" if bench.adapter.records == "csv" else bench.file_of(drift)
        files.setdefault(path, []).append(drift)
    for path, drifts in files.items():
        file = bench.file_of(drifts[0])
        clean.put("src", file, bench.compose(file, good[file]))
        lab.put("src", path, bench.compose(file, good[file] + [line for drift in drifts for line in drift["lines"]]))
    clean.load()
    lab.load()
    lab.check_identity()
    assert lab.raw_events() == clean.raw_events()
    assert lab.rows("from party order by all") == clean.rows("from party order by all"), (
        "an identifier was read wrongly"
    )
    for path, drifts in files.items():
        expected = [(drift["name"], drift["field"]) for drift in drifts for _ in spoilt(bench, drift)]
        bad = lab.records(
            f"""select field, expectation from (select * from quarantine inner join ledger using (file_id)
            where path = '{path}' order by line_no desc limit {len(expected)}) order by line_no"""
        )
        assert [(drift, row["field"]) for (drift, _), row in zip(expected, bad, strict=True)] == expected
        assert all(row["expectation"] for row in bad)
    n = sum(len(spoilt(bench, drift)) for drift in bench.told["drift"])
    assert lab.rows("select count(*) from quarantine")[0][0] == n + clean.rows("select count(*) from quarantine")[0][0]
    lab.close()
    clean.close()


def spoilt(bench: Bench, drift: dict[str, Any]) -> list[str]:
    """The lines of a drift that must be quarantined: all but those that only say how to read the others."""
    is_directive = "#" if bench.adapter.is_directive != Adapter.is_directive else "\0"
    return [line for line in drift["lines"] if not line.startswith(is_directive)]


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_adapter_says_how_its_format_may_change(name):
    assert len(Bench(name).told.get("drift", [])) >= 3


@pytest.mark.parametrize("name", ADAPTERS)
def test_files_in_pieces_shuffled_packed_and_delivered_again_are_one(name, new_lab, case_labs):
    """Whatever hand cut the records into files, in whatever order, however packed: the same events, counted once."""
    bench, whole = case_labs(name)
    lab, rng = new_lab({"src": bench.options}), random.Random(5)
    for file in bench.headers:
        records = rng.sample(bench.records(file), len(bench.records(file)))
        cut, end = rng.randrange(len(records)), "\r\n" if bench.adapter.records in ("lines", "json") else "\n"
        lab.put("src", f"1-{file}", b"\xef\xbb\xbf" + bench.compose(file, records[:cut], end))
        lab.put("src", f"2-{file}.gz", bench.compose(file, records[cut:]))
        lab.put("src", f"3-{file}", bench.compose(file, records))
    lab.load()
    lab.check_identity()
    assert lab.raw_events() == whole.raw_events()
    assert lab.rows("select count(*) from quarantine") == whole.rows("select count(*) from quarantine")
    for row in lab.ledger():
        assert row["status"] == "loaded", row["reason"]
        if row["path"].startswith("3-"):
            assert row["n_duplicate"] == row["n_lines"] - row["n_blank"] and row["n_accepted"] == 0
    lab.close()


@pytest.mark.parametrize("name", ADAPTERS)
def test_hostile_records_spoil_no_other(name, new_lab):
    bench = Bench(name)
    lab, clean = (new_lab({"src": bench.options}) for _ in range(2))
    for file in bench.headers:
        good = bench.records(file, good=True)
        if not good or bench.adapter.records in ("xml", "ocel"):  # one stray sign spoils the file, refused whole
            continue
        dirt = [line for line in hostile(good[0].split("\n")[0].encode()) if b"\n" not in line]
        if bench.adapter.records == "csv":
            dirt = [line for line in dirt if line.count(b'"') % 2 == 0]
        if bench.adapter.records == "json":
            good = [json.dumps(json.loads(record)) for record in good]
            dirt = [line for line in dirt if is_utf8(line)]
            plain = "".join(f"{line}\n" for line in good).encode()
        else:
            plain = bench.compose(file, good)
        clean.put("src", file, plain)
        lab.put("src", file, plain + b"\n".join(dirt) + b"\n" + plain.removeprefix(bench.compose(file, [])))
    clean.load()
    lab.load()
    lab.check_identity()
    assert all(row["status"] == "loaded" for row in lab.ledger())
    assert {e["event_id"] for e in clean.raw_events()} <= {e["event_id"] for e in lab.raw_events()}
    lab.close()
    clean.close()


@pytest.mark.parametrize("name", [name for name in AT_LENGTH if adapters()[name].records == "csv"])
def test_a_header_that_comes_again_unchanged_is_dropped_and_counted(name, new_lab):
    bench = Bench(name)
    for file, header in bench.headers.items():
        lab = new_lab({"src": bench.options})
        good = bench.records(file)[:1]
        lab.put("src", file, bench.compose(file, [*good, header, *good]))
        lab.load()
        assert lab.rows("select reason, n_lines from dropped") == [("repeated header", 1)]
        assert lab.rows("select count(*) from quarantine") == [(0,)]
        lab.check_identity()
        lab.close()


@pytest.mark.parametrize("name", ADAPTERS)
def test_accounting_says_what_became_of_each_case(name, case_labs):
    bench, loaded = case_labs(name)
    loaded.check_identity()
    total = {
        name: sum(row[name] for row in loaded.ledger())
        for name in ("n_lines", "n_quarantined", "n_blank", "n_dropped", "n_duplicate")
    }
    kinds = Counter(kind for case in bench.cases for kind in ("quarantine", "dropped", "blank") if kind in case)
    n_headers = sum(header is not None for header in bench.headers.values())
    assert total == {
        "n_lines": len(bench.cases) + n_headers,
        "n_quarantined": kinds["quarantine"],
        "n_blank": kinds["blank"] + n_headers,
        "n_dropped": kinds["dropped"],
        "n_duplicate": 0,
    }


@pytest.mark.parametrize("name", ADAPTERS)
def test_quarantined_lines_are_kept_byte_for_byte(name, case_labs):
    bench, loaded = case_labs(name)
    kept = [raw.rstrip(b"\r\n") for (raw,) in loaded.rows("select raw from quarantine")]
    if bench.adapter.records in ("json", "ocel"):  # the record is cut out of its document
        assert Counter(json.dumps(json.loads(raw), sort_keys=True) for raw in kept) == Counter(
            json.dumps(json.loads(case["given"]), sort_keys=True) for case in bench.cases if "quarantine" in case
        )
    elif bench.adapter.records == "xml":  # in canonical form
        assert Counter(kept) == Counter(canonical(case["given"]) for case in bench.cases if "quarantine" in case)
    else:
        assert Counter(kept) == Counter(case["given"].encode() for case in bench.cases if "quarantine" in case)


def canonical(text: str) -> bytes:
    return bytes(etree.tostring(etree.fromstring(text), method="c14n", exclusive=True))


@pytest.mark.parametrize("change", ["same name", "renamed", "gz", "bz2", "overlap"])
def test_files_that_come_again_change_nothing(bench, make, loaded, change):
    files = bench.files()
    if change == "same name":
        again = files
    elif change == "overlap":
        again = {
            f"later-{file}": bench.compose(file, bench.records(file)[len(bench.records(file)) // 2 :]) for file in files
        }
    else:
        suffix = {"renamed": ".csv", "gz": ".csv.gz", "bz2": ".csv.bz2"}[change]
        again = {f"{Path(file).stem}-0{suffix}": data for file, data in files.items()}
    lab = make(files, again)
    assert lab.raw_events() == loaded.raw_events()
    assert lab.rows("select count(*) from quarantine") == loaded.rows("select count(*) from quarantine")
    for row in lab.ledger():
        assert row["status"] == "loaded", row["reason"]
        if row["file_id"] > len(files):
            assert row["n_duplicate"] == row["n_lines"] - row["n_blank"] and row["n_accepted"] == 0


def test_order_of_lines_does_not_matter(bench, make, loaded):
    rng = random.Random(5)
    shuffled = {
        file: bench.compose(file, rng.sample(bench.records(file), len(bench.records(file)))) for file in bench.headers
    }
    lab = make(shuffled)
    assert lab.raw_events() == loaded.raw_events()


def test_a_file_may_be_cut_between_any_two_lines(bench, make, loaded):
    """Pieces of one, two, three ... records, plain and packed in turn."""
    pieces = {}
    for file in bench.headers:
        records, size = bench.records(file), 1
        while records:
            data = bench.compose(file, records[:size])
            pieces[f"{size:03d}-{file}"] = gzip.compress(data) if size % 2 else data
            records, size = records[size:], size + 1
    lab = make(pieces)
    assert lab.raw_events() == loaded.raw_events()
    assert lab.rows("select count(*) from quarantine") == loaded.rows("select count(*) from quarantine")


def test_files_of_no_line_of_one_line_and_without_a_last_line_feed(bench, make):
    for file in bench.headers:
        records = bench.records(file)
        assert make({file: b""}).raw_events() == []
        assert make({file: bench.compose(file, [])}).raw_events() == []
        (row,) = make({file: bench.compose(file, records[:1])}).ledger()
        assert row["n_lines"] == 1 + (bench.headers[file] is not None)
        lab = make({file: bench.compose(file, records).rstrip(b"\r\n")})
        if bench.adapter.records == "lines":
            assert [row["n_held_back"] for row in lab.ledger()] == [1]
            lab.load()
        lab.check_identity()
        whole = make({file: bench.compose(file, records)})
        assert lab.raw_events() == whole.raw_events()


def test_latin_1_is_read_when_the_source_says_so(bench, new_lab):
    labs = []
    for encoding in ("utf-8", "latin-1"):
        lab = new_lab({"src": bench.options | {"encoding": encoding}})
        for file in bench.headers:
            records = [
                r.replace("web", "w\u00fcb").replace("/p/", "/\u00e9/") for r in bench.records(file) if is_latin(r)
            ]
            lab.put("src", file, bench.compose(file, records).decode().encode(encoding))
        lab.load()
        labs.append(lab)
    assert labs[0].raw_events() == labs[1].raw_events()
    assert labs[0].rows("select count(*) from quarantine where field = 'encoding'") == [(0,)]
    for lab in labs:
        lab.close()


def is_latin(text: str) -> bool:
    return all(ord(letter) < 256 for letter in text)


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_describes_itself(name):
    adapter = adapters()[name]
    assert adapter.records in ("lines", "csv", "json", "xml", "ocel")
    assert len(adapter.summary) >= 20 and adapter.summary.isprintable() and adapter.codes


def test_carriage_returns_do_not_matter(bench, make, loaded):
    one_line = {
        f: [record for record in bench.records(f) if "\n" not in record or bench.adapter.records == "json"]
        for f in bench.headers
    }
    plain, windows = (
        make({f: bench.compose(f, records, eol) for f, records in one_line.items()}) for eol in ("\n", "\r\n")
    )
    assert windows.raw_events() == plain.raw_events()
    assert len(plain.raw_events()) >= len(loaded.raw_events()) / 2


def test_exact_repeats_within_a_file_are_legal_and_counted_once_each(bench, make):
    file = next(iter(bench.headers))
    record = bench.records(file, good=True)[0]
    once, thrice = make({file: bench.compose(file, [record])}), make({file: bench.compose(file, [record] * 3)})
    if thrice.rows("select count(record_key) from raw_event") != [(0,)]:
        assert thrice.rows("select count(distinct event_id) from raw_event") == once.rows(
            "select count(*) from raw_event"
        )
    else:
        assert len(thrice.raw_events()) == 3 * len(once.raw_events())
    assert (
        make({file: bench.compose(file, [record] * 3)}, {f"2-{file}": bench.compose(file, [record] * 2)}).raw_events()
        == thrice.raw_events()
    )


def hostile(record: bytes) -> list[bytes]:
    """Records that something went wrong with. None holds a line feed."""
    rng = random.Random(record)
    n = len(record)
    digits = [i for i, byte in enumerate(record) if 48 <= byte <= 57]
    cuts = [record[: n * i // 5] for i in range(1, 5)]
    holes = [
        record[:i] + byte + record[i:]
        for byte in (b"\x00", b"\xff\xfe", b"\xc3", b'"', b"\r", b"\x1b[31m", "\u2028".encode())
        for i in rng.sample(range(n), 3)
    ]
    huge = [record[:i] + b"9" * 40 + record[i + 1 :] for i in rng.sample(digits, min(6, len(digits)))]
    odd = [
        record[:i] + byte + record[i + 1 :]
        for i in rng.sample(digits, min(3, len(digits)))
        for byte in (b"-", b"e9", "\u0664".encode())
    ]
    emptied = [record.replace(separator, separator * 2, 3) for separator in (b",", b"|", b" ", b'"', b":")]
    whole = [
        b"\x00" * 200,
        bytes(range(256)).replace(b"\n", b""),
        b'"' * 99,
        b"{" * 500,
        b"[" * 3000,
        b"\xef\xbb\xbf" + record,
        b"a" * 70_000,
        b"\r \r",
        b"\x0b\x0c",
    ]
    return cuts + holes + huge + odd + emptied + whole


@pytest.mark.parametrize("bench", JSON, indirect=True)
def test_one_record_of_bad_encoding_spoils_no_other_json_line(bench, make):
    file = next(iter(bench.headers))
    good = [json.dumps(json.loads(record)).encode() for record in bench.records(file, good=True)]
    bad = good[0].replace(b"web", b"w\xfcb")
    assert (
        make({file: b"\n".join([*good[1:], bad]) + b"\n"}).raw_events()
        == make({file: b"\n".join(good[1:]) + b"\n"}).raw_events()
    )


def is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_a_line_of_a_megabyte_is_accounted_for(bench, make):
    for file in bench.headers:
        good = bench.records(file)
        data = bench.compose(file, good)
        lab = make({file: data if bench.adapter.records == "json" else data + b"x" * 1_000_000 + b"\n"})
        assert all(row["status"] == "loaded" or row["reason"] for row in lab.ledger())


def test_mark_of_utf8_is_no_part_of_the_first_line(bench, make, loaded):
    assert (
        make({file: b"\xef\xbb\xbf" + data for file, data in bench.files().items()}).raw_events() == loaded.raw_events()
    )


def test_utf16_is_read_when_the_source_says_so(bench, new_lab, loaded):
    lab = new_lab({"src": bench.options | {"encoding": "utf-16"}})
    for file, data in bench.files("\r\n" if bench.adapter.records == "lines" else "\n").items():
        lab.put("src", file, data.decode().encode("utf-16"))
    lab.load()
    assert lab.raw_events() == loaded.raw_events()
    lab.close()


def independent_count(adapter: Adapter, data: bytes) -> set[int]:
    """How many records a file has, counted without the reader; several answers where formats leave it open."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    if adapter.records == "json":
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            n, more = data.count(b"\n"), len(re.findall(rb"[}\]][ \t\r]*[^ \t\r\n]", data))
            return set(range(1 if data.strip() else 0, n + more + 2))
        document = document.get(adapter.list_key, document) if isinstance(document, dict) else document
        return {len(document)} if isinstance(document, list) else {1}
    if adapter.records == "csv":
        n = data.count(b"\n") + (data[-1:] not in (b"\n", b""))
        return set(range(n + 1)) if b'"' in data else {n}
    return {data.count(b"\n")}


TEXT = st.binary(max_size=300) | st.lists(
    st.sampled_from(
        [b"|", b",", b'"', b"\n", b"\r", b" ", b"\x00", b"1768032000", b"ENTERQUEUE", b"{}", b"[1]", b"\xff", b"\t"]
    ),
    max_size=60,
).map(b"".join)


@pytest.mark.parametrize("name", AT_LENGTH)
def test_random_bytes_never_raise_and_every_line_is_accounted_for(name, new_lab):
    bench = Bench(name)
    lab = new_lab({"src": bench.options})
    file = next(iter(bench.headers))
    header = (bench.headers[file] + "\n").encode() if bench.headers[file] else b""
    n = 0

    @settings(max_examples=8)
    @given(st.lists(TEXT, min_size=1, max_size=5))
    def check(contents: list[bytes]) -> None:
        nonlocal n
        n += 1
        for i, content in enumerate(contents):
            lab.put("src", f"{n}/{i}-{file}", header + content)
        lab.load()
        rows = {row["path"]: row for row in lab.ledger() if row["path"].startswith(f"{n}/")}
        for i, content in enumerate(contents):
            row = rows[f"{n}/{i}-{file}"]
            if row["status"] == "refused":
                assert row["reason"] and row["n_lines"] == 0
            else:
                assert row["n_lines"] in independent_count(bench.adapter, header + content), content
                assert row["n_lines"] == row["n_accepted"] + row["n_duplicate"] + row["n_quarantined"] + row["n_blank"]

    check()
    lab.check_identity()
    lab.close()


def test_packed_formats_are_told_by_their_first_bytes(bench, make, loaded):
    files = bench.files()
    for pack in (gzip.compress, bz2.compress):
        assert make({file: pack(data) for file, data in files.items()}).raw_events() == loaded.raw_events()
