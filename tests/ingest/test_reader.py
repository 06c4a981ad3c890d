"""From files to lines: block boundaries, held-back lines, damage, encodings, refusals, CSV records."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import os
import random
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import reader
from ingest.packed import UnreadableFile
from ingest.reader import Reading, deliveries, read_blocks
from ingest.store import Store
from ingest.units import sql


@pytest.fixture
def read(tmp_path):
    """Reads bytes as a file; gives the Reading and its rows (line_no, byte_offset, raw, flaw)."""

    def run(data: bytes, records: str = "lines", encoding: str = "utf-8", name: str = "a.log"):
        path = tmp_path / name
        path.write_bytes(data)
        reading = Reading(path)
        rows = [row for block in read_blocks(reading, records, encoding) for row in block.to_pylist()]
        return reading, [(row["line_no"], row["byte_offset"], row["raw"], row["flaw"]) for row in rows]

    return run


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["plain", "gz", "bz2", "xz"])
def test_blocks_do_not_change_the_lines(read, monkeypatch, size, pack):
    text = "".join(f"line {i} ä\u2028\x00{'x' * (i % 9)}\r\n" for i in range(30)).encode() + b"\n\nend\n"
    monkeypatch.setattr(reader, "MAX_RATIO", 10**6)
    whole = read(text)[1]
    monkeypatch.setattr(reader, "PIECE_BYTES", size)
    reading, rows = read(pack(text))
    assert rows == whole
    assert [row[0] for row in rows] == list(range(1, 34))
    assert reading.n_lines == 33 and reading.n_bytes == len(text)
    for _, offset, raw, flaw in rows:
        assert flaw is None and text[offset : offset + len(raw.encode())].decode() == raw
    assert [raw for _, _, raw, _ in rows] == text.decode().replace("\r", "").split("\n")[:-1]


def test_a_letter_on_a_block_boundary_is_whole(read, monkeypatch):
    monkeypatch.setattr(reader, "PIECE_BYTES", 5)
    text = "ü" * 9 + "\n" + "€" * 9 + "\n"
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        assert [row[2] for row in read(text.encode(encoding), encoding=encoding)[1]] == ["ü" * 9, "€" * 9]


def test_the_unfinished_last_line_is_held_back(read):
    reading, rows = read(b"one\ntwo\nthr")
    assert [row[2] for row in rows] == ["one", "two"]
    assert (reading.n_lines, reading.n_held_back) == (2, 1)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_is_finished_whatever_its_last_byte(read, pack):
    reading, rows = read(pack(b"one\ntwo"))
    assert [row[2] for row in rows] == ["one", "two"]
    assert (reading.n_lines, reading.n_held_back) == (2, 0)


def test_an_empty_file_has_no_lines(read):
    for data in (b"", gzip.compress(b""), b"\xef\xbb\xbf"):
        for records in ("lines", "csv", "json"):
            _, rows = read(data, records)
            assert [row for row in rows if row[2]] == []


def test_several_gzip_members_are_one_file(read):
    assert [row[2] for row in read(gzip.compress(b"a\n") + gzip.compress(b"b\n"))[1]] == ["a", "b"]


def test_only_the_line_with_bad_bytes_is_broken(read):
    _, rows = read(b"good \xc3\xa9\nbad \xff\xfe\n\xef\xbf\xbd a true replacement character\n")
    assert [(row[2], row[3]) for row in rows] == [
        ("good é", None),
        ("bad \ufffd\ufffd", "encoding"),
        ("\ufffd a true replacement character", None),
    ]
    assert rows[2][1] == len(b"good \xc3\xa9\nbad \xff\xfe\n")


def test_utf16_is_refused_with_advice_or_read_when_declared(read):
    with pytest.raises(UnreadableFile, match="encoding = 'utf-16'"):
        read("a\n".encode("utf-16"))
    assert [row[2] for row in read("ä\nb\n".encode("utf-16"), encoding="utf-16")[1]] == ["ä", "b"]


def test_a_wrong_declared_encoding_is_a_reason_and_no_crash(read):
    with pytest.raises(UnreadableFile, match="not utf-16 text"):
        read(b"abc\n" * 3 + b"x", encoding="utf-16")
    assert [row[2] for row in read(b"\xfcber\n", encoding="latin-1")[1]] == ["über"]


LOG = b"".join(b"192.0.2.%d - - line number %d\n" % (i % 250, i * 7919) for i in range(400))


def test_damaged_gzip_is_never_half_taken(read):
    packed = gzip.compress(LOG, mtime=0)
    rng = random.Random(3)
    for bit in rng.sample(range(8 * 10, 8 * len(packed)), 40):
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(UnreadableFile, match="damaged"):
            read(bytes(flipped))
    for cut in rng.sample(range(12, len(packed)), 20):
        with pytest.raises(UnreadableFile, match="damaged"):
            read(packed[:cut])
    for tail in (b"garbage", b"\x1f\x8b", b"\n"):
        with pytest.raises(UnreadableFile):
            read(packed + tail)


def test_damaged_bz2_and_xz_are_refused(read):
    for pack in (bz2.compress, lzma.compress):
        packed = pack(LOG)
        for damaged in (
            *(packed[:-7], packed[:40] + bytes([packed[40] ^ 4]) + packed[41:], packed[: len(packed) // 2]),
            # what follows the first stream would be passed over in silence
            *(packed + b"garbage", packed + b"\n", packed + b"X" + packed[1:], packed + packed[:-7]),
        ):
            with pytest.raises(UnreadableFile, match="damaged"):
                read(damaged)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_one_after_the_other_are_one_file(read, monkeypatch, pack):
    monkeypatch.setattr("ingest.packed._CHUNK_BYTES", 50)
    for between in (b"", bytes(4), bytes(200)):
        _, rows = read(pack(LOG) + between + pack(b"") + pack(b"last\n") + between)
        assert [row[2] for row in rows] == [*LOG.decode().splitlines(), "last"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04\x14\x00", "a zip archive or a spreadsheet"),
        (b"\x28\xb5\x2f\xfd\x04", "packed by zstd"),
        (b"%PDF-1.7\n", "a PDF document"),
    ],
)
def test_what_is_no_text_is_told_by_what_it_is(read, data, what):
    with pytest.raises(UnreadableFile, match=f"^{what}; deliver it as plain text"):
        read(data + b"1.2.3.4 - - and more\n" * 3)


def test_a_mark_of_utf8_in_the_middle_is_no_part_of_its_line(read):
    """Exports that begin with a mark, put together by `cat`."""
    mark = b"\xef\xbb\xbf"
    for data in (b"a\nb\nc \xef\xbb\xbf\n", mark + b"a\n" + mark + b"b\nc \xef\xbb\xbf\n"):
        assert [row[2] for row in read(data)[1]] == ["a", "b", "c \ufeff"]
    assert [row[2] for row in read(mark + b"a\n" + mark + b"\n" + mark + b"\xff\n")[1]] == ["a", "", "\ufffd"]
    csv_rows = read(mark + b"id,text\n1,x\n" + mark + b"id,text\n2,y\n", "csv")[1]
    assert [row[2] for row in csv_rows] == ["1,x", "id,text", "2,y"]


def test_a_file_that_is_rotated_away_while_the_inbox_is_read_is_no_failure(tmp_path):
    for name in ("a.log", "b.log", "c.log"):
        (tmp_path / name).write_bytes(b"x\n")
    found = deliveries(tmp_path, "*")
    assert next(found)[0].name == "a.log"
    (tmp_path / "b.log").rename(tmp_path / "b.log.1")
    assert [path.name for path, _ in found] == ["c.log"]


def test_a_pipe_in_the_place_of_a_listed_file_makes_nobody_wait(tmp_path):
    os.mkfifo(tmp_path / "a.log")
    with pytest.raises(UnreadableFile, match="not a regular file"):
        list(read_blocks(Reading(tmp_path / "a.log"), "lines", "utf-8"))


def test_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "PIECE_BYTES", 64 * 1024)
    size = 2 * 1024 * 1024
    for number, (pack, content) in enumerate(
        (p, c) for p in (gzip.compress, bz2.compress) for c in (b"\x00", b"\n", b"[]" * 50 + b"\n")
    ):
        for records in ("lines", "json", "csv"):
            path = tmp_path / f"{number}-{records}"
            path.write_bytes(pack(content * (size // len(content))))
            if path.stat().st_size * reader.MAX_RATIO > 0.99 * size:
                continue  # gzip packs little more than a thousandfold
            with pytest.raises(UnreadableFile, match=r"bomb|line of more than"):
                for _ in read_blocks(Reading(path), records, "utf-8"):
                    pass


@pytest.mark.parametrize("records", ["json", "csv"])
def test_documents_that_are_too_large_are_refused_while_they_are_read(read, monkeypatch, records):
    """Not after all of it is in memory."""
    monkeypatch.setattr(reader, "PIECE_BYTES", 1000)
    monkeypatch.setattr(reader, "MAX_DOCUMENT_BYTES", 5000)
    reading = None
    with pytest.raises(UnreadableFile, match="more than 5000 bytes"):
        reading = read(b"[1]\n" * 50_000, records)
    assert reading is None


def test_a_line_that_is_too_long_is_told_wherever_it_stands(read, monkeypatch):
    """The answer must not depend on where a block happens to end."""
    monkeypatch.setattr(reader, "MAX_LINE_BYTES", 1000)
    for size in (64, 700, 4096, 100_000):
        monkeypatch.setattr(reader, "PIECE_BYTES", size)
        _, rows = read(b"a\n" + b"x" * 1001 + b"\n" + b"y" * 1000 + b"\nb\n")
        assert [row[3] for row in rows] == [None, "length", None, None]


def test_what_has_no_line_ends_is_no_log(read, monkeypatch):
    monkeypatch.setattr(reader, "MAX_REST_BYTES", 5000)
    monkeypatch.setattr(reader, "PIECE_BYTES", 1000)
    with pytest.raises(UnreadableFile, match="no log of lines"):
        read(b"x" * 50_000)


def test_deliveries_are_regular_finished_files_and_the_rest_has_a_reason(tmp_path):
    inbox = tmp_path / "inbox"
    (inbox / "sub").mkdir(parents=True)
    for name in ("a.log", "sub/b.log", ".hidden", "c.log.part", "d.tar.gz", "e.zip", "f\nx.log"):
        (inbox / name).write_bytes(b"x\n")
    (tmp_path / "secret").write_text("secret\n")
    (inbox / "link.log").symlink_to(tmp_path / "secret")
    (inbox / "folder.log").symlink_to(tmp_path)
    os.mkfifo(inbox / "pipe.log")
    found = {str(path.relative_to(inbox)): reason for path, reason in deliveries(inbox, "*")}
    assert {name for name, reason in found.items() if reason is None} == {"a.log", "sub/b.log"}
    assert set(found) == {
        "a.log",
        "sub/b.log",
        "c.log.part",
        "d.tar.gz",
        "e.zip",
        "f\nx.log",
        "link.log",
        "folder.log",
        "pipe.log",
    }
    assert "not a regular file" in found["link.log"] and "not a regular file" in found["pipe.log"]
    assert (
        "archive" in found["d.tar.gz"]
        and "still being written" in found["c.log.part"]
        and "rename" in found["f\nx.log"]
    )
    assert [path.name for path, _ in deliveries(inbox, "a.*")] == ["a.log"]


def test_a_link_is_not_followed_even_when_it_gets_past_the_listing(tmp_path):
    (tmp_path / "secret").write_text("secret\n")
    (tmp_path / "link.log").symlink_to(tmp_path / "secret")
    with pytest.raises(UnreadableFile, match="can't be read"):
        list(read_blocks(Reading(tmp_path / "link.log"), "lines", "utf-8"))


def test_csv_records_keep_their_line_breaks_and_the_header_is_no_record(read):
    reading, rows = read(b'id,text\n1,"one\ntwo ""x""\n\n"\n2,plain\n3,"four, five"\n', "csv")
    assert reading.header == "id,text"
    assert [row[2] for row in rows] == ['1,"one\ntwo ""x""\n\n"', "2,plain", '3,"four, five"']


def test_a_stray_quote_spoils_its_own_line_only(read):
    _, rows = read(b'id,text\n1,"never closed\n2,b\n3,c\n4,"also open\n5,e\n', "csv")
    assert [row[2] for row in rows] == ['1,"never closed', "2,b", "3,c", '4,"also open', "5,e"]


def test_a_quoted_text_longer_than_any_is_taken_as_stray(read, monkeypatch):
    monkeypatch.setattr(reader, "MAX_QUOTED_LINES", 3)
    assert len(read(b'a,b\n1,"x\n' + b"y\n" * 5 + b'"\n', "csv")[1]) == 7


@pytest.mark.parametrize(
    "header",
    [b"a\rb,c", b"a," + b"x" * 200_000, b'"a,b', b"\x00,b", b"\xff,b", b""],
    ids=["mac", "long", "quote", "nul", "latin", "empty"],
)
def test_an_odd_csv_header_never_raises(read, header):
    try:
        reading, _ = read(header + b"\n1,2\n3,4\n", "csv")
        assert reading.n_lines in (1, 2, 3)
    except UnreadableFile as error:
        assert str(error)


FIELD = st.text(alphabet='ab,"\n\r ;\u2028ü', max_size=6)


@settings(max_examples=150)
@given(st.lists(st.lists(FIELD, min_size=3, max_size=3), min_size=1, max_size=8))
def test_csv_records_are_cut_as_pythons_reader_cuts_them(tmp_path_factory, records):
    """Whatever a correct writer writes comes out as the same records."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["a", "b", "c"], *records])
    path = tmp_path_factory.getbasetemp() / "records.csv"
    path.write_bytes(buffer.getvalue().encode())
    rows = [row for block in read_blocks(Reading(path), "csv", "utf-8") for row in block.to_pylist()]
    found = [next(csv.reader(io.StringIO(row["raw"], newline=""), strict=True)) for row in rows]
    assert found == records


@settings(max_examples=60)
@given(st.lists(FIELD, min_size=1, max_size=5), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_fields_of_a_csv_record_are_those_of_pythons_reader(csv_store, fields, quoting):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=quoting, lineterminator="").writerow(fields)
    assert csv_store.value("select csv_fields($record)", {"record": buffer.getvalue()}) == fields


@pytest.mark.parametrize("record", ['a,"b', '"a"b,c', 'a,b"c"', '""x"",b', '"'])
def test_a_record_whose_quotes_do_not_pair_has_no_fields(csv_store, record):
    assert csv_store.value("select csv_fields($record)", {"record": record}) is None


@pytest.fixture(scope="module")
def csv_store():
    with Store.open(None, threads=1) as store:
        store.run(sql("loading/stage.sql"))
        yield store


def test_a_damaged_file_leaves_nothing_behind_and_others_load(new_lab, web_line):
    lab = new_lab()
    lines = "".join(web_line(i, f"/p/{i}") for i in range(300))
    packed = gzip.compress(lines.encode(), mtime=0)
    for name, data in {
        "1-cut.gz": packed[:-20],
        "2-flip.gz": packed[:60] + bytes([packed[60] ^ 1]) + packed[61:],
        "3-tail.gz": packed + b"xx",
    }.items():
        (lab.root / "inbox/web" / name).write_bytes(data)
    lab.put("web", "4-good.log", web_line(5000, "/good"))
    done = lab.load()
    assert (done.n_files, done.n_refused) == (4, 3)
    rows = lab.ledger()
    assert [row["status"] for row in rows] == ["refused"] * 3 + ["loaded"]
    assert all("damaged" in row["reason"] and row["n_lines"] == 0 for row in rows[:3])
    assert [event["code"] for event in lab.raw_events()] == ["GET /good"]
    assert lab.rows("select count(*) from line_seen") == [(1,)] and lab.rows("select count(*) from quarantine") == [
        (0,)
    ]


def test_damage_in_a_late_block_takes_the_early_blocks_back(new_lab, web_line, monkeypatch):
    monkeypatch.setattr(reader, "PIECE_BYTES", 4096)
    packed = bytearray(gzip.compress("".join(web_line(i, f"/p/{i}") for i in range(500)).encode(), mtime=0))
    packed[-6] ^= 1  # the CRC, met after the last block
    lab = new_lab()
    (lab.root / "inbox/web/a.gz").write_bytes(packed)
    lab.load()
    assert lab.ledger()[0]["status"] == "refused" and lab.raw_events() == []
    lab.put("web", "a.gz", "".join(web_line(i, f"/p/{i}") for i in range(500)))
    lab.load()
    assert [row["status"] for row in lab.ledger()] == ["loaded"] and len(lab.raw_events()) == 500


def test_a_growing_file_is_completed_the_next_night(new_lab, web_line):
    lab = new_lab()
    text = "".join(web_line(i, f"/p/{i}") for i in range(5))
    lab.put("web", "access.log", text[:-20])
    lab.load()
    assert len(lab.raw_events()) == 4 and lab.rows("select count(*) from quarantine") == [(0,)]
    assert lab.ledger()[0]["n_held_back"] == 1
    lab.put("web", "access.log", text + web_line(9, "/p/9"))
    lab.load()
    lab.check_identity()
    whole = new_lab()
    whole.put("web", "access.log", text + web_line(9, "/p/9"))
    whole.load()
    assert lab.raw_events() == whole.raw_events()


def test_a_line_that_stays_unfinished_is_taken_the_next_night(new_lab, web_line):
    """Some writers never end their last line: a file that has not changed since is no file that grows."""
    lab = new_lab()
    lab.put("web", "access.log", (web_line(1, "/a") + web_line(2, "/b"))[:-1])
    lab.load()
    assert [event["code"] for event in lab.raw_events()] == ["GET /a"]
    for _ in range(2):
        lab.load()
        lab.check_identity()
        assert sorted(event["code"] for event in lab.raw_events()) == ["GET /a", "GET /b"]


def test_a_csvs_last_record_is_taken_without_a_line_end(new_lab):
    """A documented limit: many exports end so, and one that is still being written looks the same."""
    options = {"adapter": "relational_orders", "tables": {"t": {"files": "*", "events": {"x": "at"}}}}
    lab = new_lab({"t": options})
    lab.put("t", "a.csv", "id,at\n1,2026-01-10 08:00:00\n2,2026-01-10 09:00:00")
    lab.load()
    lab.check_identity()
    assert len(lab.raw_events()) == 2 and lab.ledger()[0]["n_lines"] == 3


def test_a_refused_file_is_tried_again_once_the_operator_did_what_the_reason_says(new_lab, web_line):
    lab = new_lab()
    lab.put("web", "a.log", web_line(1, "/x").encode("utf-16"))
    lab.load()
    assert "utf-16" in lab.ledger()[0]["reason"]
    lab.sources["web"]["encoding"] = "utf-16"
    lab.write_configuration()
    lab.load()
    assert [row["status"] for row in lab.ledger()] == ["loaded"]
    assert len(lab.raw_events()) == 1


def test_a_file_name_that_is_no_text_stops_no_night(new_lab, web_line):
    lab = new_lab()
    folder = os.fsencode(lab.root / "inbox/web")
    with open(os.path.join(folder, b"a-\xff.log"), "wb") as file:  # noqa: PTH118, PTH123
        file.write(web_line(1, "/odd").encode())
    lab.put("web", "b.log", web_line(2, "/even"))
    lab.load()
    assert "GET /even" in [event["code"] for event in lab.raw_events()]
    assert len(lab.ledger()) == 2


def test_archives_links_and_pipes_are_in_the_ledger_with_a_reason(new_lab, web_line, tmp_path):
    lab = new_lab()
    inbox = lab.root / "inbox/web"
    with tarfile.open(inbox / "logs.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("x"), io.BytesIO())
    (tmp_path / "outside").write_text(web_line(1, "/secret"))
    (inbox / "link.log").symlink_to(tmp_path / "outside")
    os.mkfifo(inbox / "pipe.log")
    lab.put("web", "good.log", web_line(2, "/good"))
    lab.load()
    assert {row["path"]: row["status"] for row in lab.ledger()} == {
        "logs.tar.gz": "refused",
        "link.log": "refused",
        "pipe.log": "refused",
        "good.log": "loaded",
    }
    assert [event["code"] for event in lab.raw_events()] == ["GET /good"]
    lab.load()
    assert len(lab.ledger()) == 4, "a refusal is told once"
