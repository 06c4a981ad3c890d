"""A file that grows has one row in the ledger, whatever it is called meanwhile, and its lines count once."""

from __future__ import annotations

import gzip

import pytest

from ingest import load


@pytest.fixture
def lines(web_line):
    """Lines of a log with a repeat, a dropped one, a spoilt one and a blank one in each half."""
    half = [web_line(i, f"/p/{i}") for i in range(3)] + [web_line(1, "/p/1"), web_line(4, "/a.css"), "spoilt\n", "\n"]
    return half + [web_line(10 + i, f"/q/{i}") for i in range(3)] + half


def totals(lab) -> dict[str, int]:
    columns = (
        "n_lines",
        "n_accepted",
        "n_duplicate",
        "n_quarantined",
        "n_blank",
        "n_dropped",
        "n_raw_events",
        "n_bytes",
    )
    return {name: sum(row[name] for row in lab.ledger()) for name in columns}


@pytest.mark.parametrize("later", ["a.log", "a.log.1", "a.log.1.gz"])
@pytest.mark.parametrize("cut", [1, 7, 12])
def test_a_grown_file_has_one_row_as_if_it_had_come_whole(new_lab, lines, later, cut):
    lab, whole = new_lab(), new_lab()
    lab.put("web", "a.log", "".join(lines[:cut]) + "half a li")
    lab.load()
    if later != "a.log":
        (lab.root / "inbox/web/a.log").unlink()
    lines = [*lines[:cut], "half a line\n", *lines[cut:]]
    for name, whose in ((later, lab), ("a.log", whole)):
        whose.put("web", name, "".join(lines))
        whose.load()
        whose.check_identity()
    assert len(lab.ledger()) == 1
    assert totals(lab) == totals(whole)
    assert lab.raw_events() == whole.raw_events()
    assert lab.ledger()[0]["sha256"] == whole.ledger()[0]["sha256"] and lab.ledger()[0]["path"] == later
    numbers = "select line_no, event_id from raw_event order by all"
    assert lab.rows(numbers) == whole.rows(numbers)
    assert lab.rows("select reason, n_lines from dropped") == whole.rows("select reason, n_lines from dropped")
    lab.load()
    assert len(lab.ledger()) == 1


def test_a_line_that_was_held_back_and_then_taken_adds_no_row(new_lab, web_line):
    lab = new_lab()
    lab.put("web", "a.log", web_line(1, "/x") + web_line(2, "/y").rstrip())
    lab.load()
    assert [row["n_held_back"] for row in lab.ledger()] == [1]
    lab.load()
    assert [(row["n_lines"], row["n_accepted"], row["n_held_back"]) for row in lab.ledger()] == [(2, 2, 0)]
    lab.check_identity()


def test_a_copy_that_grew_beside_its_original_is_another_file(new_lab, lines):
    lab = new_lab()
    lab.put("web", "a.log", "".join(lines[:5]))
    lab.load()
    lab.put("web", "b.log", "".join(lines))
    lab.load()
    assert [row["path"] for row in lab.ledger()] == ["a.log", "b.log"]
    lab.check_identity()


def test_another_file_of_the_same_lines_is_no_grown_one(new_lab, lines):
    """The same lines, but not the same beginning."""
    lab = new_lab()
    lab.put("web", "a.log", "".join(lines[3:6]))
    lab.load()
    lab.put("web", "a.log", "".join(lines))
    lab.load()
    assert [(row["n_lines"], row["n_duplicate"] > 0) for row in lab.ledger()] == [(3, False), (len(lines), True)]
    lab.check_identity()


def test_a_grown_table_keeps_its_header_once(new_lab):
    tables = {"t": {"files": "*.csv", "events": {"placed": "placed"}, "identifiers": {"customer_no": "customer"}}}
    lab = new_lab({"crm": {"adapter": "relational_orders", "tables": tables}})
    rows = "customer,placed\nk1,2026-01-11 10:00:00\n"
    for content in (rows, rows + "k2,2026-01-11 11:00:00\n"):
        lab.put("crm", "t.csv", content)
        lab.load()
    assert [(row["n_lines"], row["n_accepted"], row["n_blank"]) for row in lab.ledger()] == [(3, 2, 1)]
    lab.put("crm", "t.csv.gz", gzip.decompress(gzip.compress(rows.encode())))
    lab.load()
    assert len(lab.ledger()) == 2, "a shorter state is a delivery of its own"
    lab.check_identity()


def asked(monkeypatch) -> list[int]:
    """How many lines the adapter is asked about, block by block."""
    seen: list[int] = []
    query = load.FileLoad.query

    def counted(self) -> str:
        seen.append(int(self.store.value("select count(*) from line")))
        return query(self)

    monkeypatch.setattr(load.FileLoad, "query", counted)
    return seen


def test_only_what_is_new_of_a_grown_file_is_parsed(new_lab, web_line, monkeypatch):
    """The last line of before is read once more: its end may not have been there."""
    lab = new_lab()
    pages = [web_line(i, f"/p/{i % 50}") for i in range(120)]
    seen = asked(monkeypatch)
    for n in (40, 100, 120):
        lab.put("web", "a.log", "".join(pages[:n]))
        lab.load()
        lab.check_identity()
    assert seen == [40, 61, 21]
    lab.put("web", "a.log", web_line(1, "/other") + "".join(pages[1:]) + web_line(500, "/new"))
    lab.load()
    lab.check_identity()
    assert seen[3:] == [121], "it begins otherwise: another file under the same name"


def test_an_unfinished_last_line_that_was_taken_is_read_again_when_it_grows(new_lab, web_line):
    lab, whole = new_lab(), new_lab()
    first, second = web_line(1, "/x"), web_line(2, "/y")
    lab.put("web", "a.log", first + second[:-30])
    lab.load()
    lab.load()  # the writer was quiet for a night: what is there is taken
    lab.put("web", "a.log", first + second + web_line(3, "/z"))
    lab.load()
    lab.check_identity()
    whole.put("web", "a.log", first + second + web_line(3, "/z"))
    whole.load()
    assert lab.raw_events() == whole.raw_events()
