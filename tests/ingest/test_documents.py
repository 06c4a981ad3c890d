"""How files of JSON and of Parquet become records: against Python's own decoder, and with damage."""

from __future__ import annotations

import io
import itertools
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.documents import cuts

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('a"\\{}[]\n\u00e9,:', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('k"{', max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("ab", max_size=2), VALUES, max_size=3)


def pieces(data: bytes) -> list[bytes]:
    places = cuts(data).tolist()
    assert places[0] == 0 and places[-1] == len(data) and places == sorted(places)
    return [data[a:b] for a, b in itertools.pairwise(places)]


@settings(max_examples=60)
@given(st.lists(OBJECTS, min_size=1, max_size=6), st.data())
def test_documents_are_found_however_they_are_parted(objects, data):
    text = ""
    for one in objects:
        text += json.dumps(one, indent=data.draw(st.sampled_from([None, 1])), ensure_ascii=False)
        text += data.draw(st.sampled_from(["", "\n", " ", "\r\n", "\n\n"]))
    found = [piece for piece in pieces(text.encode()) if piece.strip()]
    assert [json.loads(piece) for piece in found] == objects


@settings(max_examples=60)
@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from([b"{", b"}", b'"', b"\n", b"[", b"]", b"\\", b"a"])).map(b"".join)
)
def test_nothing_is_lost_of_any_bytes(data):
    assert b"".join(pieces(data)) == data


@given(st.lists(OBJECTS, min_size=3, max_size=6), st.integers(0, 60))
def test_a_document_cut_off_spoils_no_other_line(objects, at):
    texts = [json.dumps(one) for one in objects]
    broken = '{"x": ["y", "z' + texts[1][: at % (len(texts[1]) + 1)].replace("\n", "")
    found = pieces("\n".join([texts[0], broken, *texts[2:]]).encode())
    for text in (texts[0], *texts[2:]):
        assert any(piece.strip() == text.encode() for piece in found)


def parquet(rows: list[dict[str, object]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


TABLE = {
    "adapter": "relational_orders",
    "tables": {
        "orders": {"files": "*", "identifiers": {"order_no": "id"}, "code": "status", "events": {"changed": "at"}}
    },
}
ROWS = [
    {"id": 1, "status": "paid", "at": "2026-01-10 09:00:00", "note": 'a "quoted", word'},
    {"id": 2, "status": None, "at": "2026-01-10 09:01:00", "note": "two\nlines"},
    {"id": 3, "status": "sent", "at": "soon", "note": ""},
]


def test_a_table_may_come_as_parquet_instead_of_csv(new_lab):
    lab, plain = new_lab({"src": TABLE}), new_lab({"src": TABLE})
    lab.put("src", "orders.parquet", parquet(ROWS))
    lab.load()
    (row,) = lab.ledger()
    assert (row["n_lines"], row["n_accepted"], row["n_quarantined"], row["n_blank"]) == (3, 2, 1, 0)
    lab.check_identity()
    plain.put(
        "src",
        "o.csv",
        'id,status,at,note\n1,paid,2026-01-10 09:00:00,"a ""quoted"", word"\n2,,2026-01-10 09:01:00,"two\nlines"\n',
    )
    plain.load()
    columns = "c.code, r.occurred_at, r.order_id"
    query = f"select {columns} from raw_event as r inner join code as c using (code_id) order by all"
    assert lab.rows(query) == plain.rows(query)
    lab.put("src", "again.parquet.gz", parquet(ROWS))
    lab.load()
    assert [row["n_duplicate"] for row in lab.ledger()] == [3, 0]
    assert lab.rows("select count(*) from raw_event") == [(2,)]


@pytest.mark.parametrize("adapter", ["amazon_connect", "relational_orders"])
def test_damaged_parquet_is_refused(new_lab, adapter):
    lab = new_lab({"src": TABLE | {"adapter": adapter}})
    whole = parquet(ROWS * 50)
    for n, data in enumerate(
        [whole[:-1], whole[:40], b"PAR1" + b"\x00" * 60 + b"PAR1", whole[:100] + b"\xff" * 40 + whole[140:]]
    ):
        lab.put("src", f"{n}.parquet", data)
    lab.load()
    lab.check_identity()
    for row in lab.ledger()[:3]:
        assert row["status"] == "refused" and "damaged Parquet file" in row["reason"], row


def test_a_parquet_file_that_grows_out_of_proportion_is_refused(new_lab, monkeypatch):
    monkeypatch.setattr("ingest.parquet.MIN_SUSPECT_BYTES", 1000)
    lab = new_lab({"src": TABLE})
    lab.put("src", "bomb.parquet", parquet([ROWS[0] | {"note": "a" * 2000}] * 20_000))
    lab.load()
    assert [(row["status"], "bomb" in row["reason"]) for row in lab.ledger()] == [("refused", True)]
