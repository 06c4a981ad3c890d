"""Whatever lies in an inbox: the night goes on, every line is accounted for, and the reason is told in clear words."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import socket
import tarfile
import zipfile
from pathlib import Path

import pytest

import ingest.load
from ingest.reader import deliveries

TABLE = {"files": "*.csv", "events": {"placed": "at"}, "identifiers": {"order_no": "no"}}
ROW = "o1,2026-01-10 08:00:00\n"


@pytest.fixture
def web(new_lab, web_line):
    """A source with one good file of two lines."""
    lab = new_lab()
    lab.put("web", "good.log", web_line(1) + web_line(2))
    return lab


def zipped(line: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("access.log", line)
    return buffer.getvalue()


def tarred(line: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("access.log")
        member.size = len(line)
        archive.addfile(member, io.BytesIO(line.encode()))
    return buffer.getvalue()


def test_files_that_are_none_are_told_and_the_others_are_read(web, web_line):
    inbox = web.root / "inbox/web"
    late = web_line(9)
    packed = gzip.compress(late.encode(), mtime=0)
    for name, data in {
        "zip-by-another-name.log": zipped(late),
        "tar-by-another-name.gz": tarred(late),
        "cut.gz": packed[:-3],
        "tail.gz": packed + b"tail",
        "tail.bz2": bz2.compress(late.encode()) + b"tail",
        "utf16.log": late.encode("utf-16"),
    }.items():
        (inbox / name).write_bytes(data)
    (inbox / "folder.log").mkdir()
    (inbox / "loop").symlink_to(inbox)
    os.mkfifo(inbox / "pipe.log")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(Path(os.path.relpath(inbox)) / "socket"))
        web.load()
    web.check_identity()
    assert len(web.raw_events()) == 2
    refused = dict(web.rows("select path, reason from ledger where status = 'refused'"))
    for path, words in {
        "zip-by-another-name.log": "a zip archive or a spreadsheet",
        "tar-by-another-name.gz": "a tar archive",
        "cut.gz": "damaged",
        "tail.gz": "damaged",
        "tail.bz2": "damaged",
        "utf16.log": "encoding = 'utf-16'",
        "loop": "not a regular file",
        "pipe.log": "not a regular file",
        "socket": "not a regular file",
    }.items():
        assert words in refused.pop(path), path
    assert refused == {}, "a folder is no file and is looked into"


def test_pieces_put_together_are_read_whole(web, web_line):
    """`cat` of packed files, of files with a mark of UTF-8, of files with other line ends; an empty packed file."""
    lines = [web_line(60 + i, f"/{i}") for i in range(6)]
    web.put("web", "packed", gzip.compress(lines[0].encode()) + gzip.compress(lines[1].encode()))
    web.put("web", "marked", "\ufeff" + lines[2] + "\ufeff" + lines[3])
    web.put("web", "ends", lines[4].replace("\n", "\r\n") + lines[5] + "\r\n")
    web.put("web", "empty.gz", "")
    web.load()
    web.check_identity()
    assert sorted({event["code"] for event in web.raw_events()}) == ["GET /", *(f"GET /{i}" for i in range(6))]
    assert web.rows("select count(*) from quarantine") == [(0,)]


def test_a_file_that_is_rotated_away_while_others_are_read_stops_no_night(web, web_line, monkeypatch):
    gone = web.put("web", "a.log", web_line(3))

    def listed(folder, pattern):
        found = list(deliveries(folder, pattern))
        gone.unlink(missing_ok=True)
        return iter(found)

    monkeypatch.setattr(ingest.load, "deliveries", listed)
    web.load()
    assert [row["path"] for row in web.ledger()] == ["good.log"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (("no,at\n" + ROW).replace(",", ";"), "parted by ';': export it with commas"),
        (("no,at\n" + ROW).replace(",", "\t"), r"parted by '\t': export it with commas"),
        ("no,at,no\no1,2026-01-10 08:00:00,x\n", "several columns 'no'"),
        (("no,at\n" + ROW).replace("\n", "\r"), "no CSV header"),
        ("sep=,\nno,at\n" + ROW, "no column 'no' among the 2"),
        ("id,at\n" + ROW, "no column 'no' among the 2"),
    ],
    ids=["semicolons", "tabs", "a name twice", "mac line ends", "Excel's sep", "another name"],
)
def test_a_table_that_can_not_be_read_says_why(new_lab, text, words):
    lab = new_lab({"crm": {"adapter": "relational_orders", "tables": {"orders": TABLE}}})
    lab.put("crm", "odd.csv", text)
    lab.put("crm", "good.csv", "no,at\n" + ROW)
    lab.load()
    lab.check_identity()
    assert len(lab.raw_events()) == 1
    ((reason,),) = lab.rows("select reason from ledger where path = 'odd.csv'")
    assert words in reason


def test_the_tails_that_tools_leave_are_quarantined(new_lab):
    """An unterminated quote at the end, psql's count of rows, a comment, a total without an order."""
    lab = new_lab({"crm": {"adapter": "relational_orders", "tables": {"orders": TABLE}}})
    lab.put("crm", "a.csv", "no,at\n" + ROW + "# exported\n(2 rows)\n,\n" + 'o2,"2026-01-10 08:00:00')
    lab.load()
    lab.check_identity()
    assert len(lab.raw_events()) == 1
    assert lab.rows("select field from quarantine order by line_no") == [("fields",), ("fields",), ("quoting",)]
