"""A fuzz target for each adapter found by scanning: loading never raises, and every line is accounted for.

Files are made of the adapter's own records (tests/ingest/adapters/<name>.toml), damaged: bits turned over, pieces cut
out, doubled, swapped between records, hostile words put in. `make fuzz` runs it for long (FRONTSTAGE_FUZZ examples).
"""

from __future__ import annotations

import itertools
import json
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.adapters import adapters
from ingest.sniffing.ocel_head import as_log

CASES = Path(__file__).parent / "adapters"
EXAMPLES = int(os.environ.get("FRONTSTAGE_FUZZ", "4"))
WORDS = [
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b"\r\n", b'"', b'""', b"'", b"\\", b"\\\"", b"|",
    b",", b";", b"[", b"]", b"{", b"}", b"{}", b"null", b"NaN", b"-1", b"0", b"9" * 30, b"1e309", b"0x10",
    b"2026-02-30", b"9999-12-31 23:59:59", b"0026-01-01", b"24:00:00", b"+9999", b"-2200",
    b"31/Dec/9999:23:59:60 +0000", b"NONE", b"mia@x.example", b"+491705634771", b"4111111111111111",
    b"=cmd|' /C calc'!A0", b"</script>", b"%s%n", "\u202e\u2028\ufdfa".encode(), b"\xc3", b"\xf0\x9f", b"\x1b[31m",
    b"../../etc/passwd", b"*.csv", b"getvariable('key')", b"); drop table ledger; --", b"a" * 3000,
]  # fmt: skip


def corpus(name: str) -> tuple[dict[str, bytes | None], list[bytes], dict[str, object]]:
    """The adapter's files with their headers, its records, its options."""
    told = tomllib.loads((CASES / f"{name}.toml").read_text(encoding="utf-8"))
    headers = {file["name"]: file["header"].encode() if file.get("header") else None for file in told["file"]}
    if adapters()[name].records == "ocel":  # its events, and in place of a header the objects that they name
        log = as_log([json.loads(case["given"]) for case in told["case"]])
        objects = json.dumps(log["objects"]).encode()
        events = [json.dumps(event).encode() for event in log["events"]]
        return dict.fromkeys(headers, objects), events, {"adapter": name} | told.get("source", {})
    return headers, [case["given"].encode() for case in told["case"]], {"adapter": name} | told.get("source", {})


@st.composite
def damaged(draw: st.DrawFn, records: list[bytes]) -> bytes:
    """A record that something happened to."""
    data = bytearray(draw(st.sampled_from(records)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 5)):
            case 0:
                data[at:at] = draw(st.sampled_from(WORDS))
            case 1 if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case 2:
                del data[at : at + draw(st.integers(1, 40))]
            case 3:
                data[at:at] = data[at : at + draw(st.integers(1, 40))]
            case 4:  # a piece of another record, in place of its own
                other = draw(st.sampled_from(records))
                start = draw(st.integers(0, len(other)))
                piece = other[start : start + draw(st.integers(0, 60))]
                data[at : at + len(piece)] = piece
            case _:
                data[at:at] = draw(st.binary(max_size=8))
    return bytes(data)


def files_of(records: list[bytes], header: bytes | None, how: str) -> st.SearchStrategy[bytes]:
    """A file of damaged records: with or without its header, its list, its last line end."""
    body = st.lists(damaged(records), max_size=12)
    ends = st.sampled_from([b"\n", b"\n", b"\r\n", b""])
    if how == "ocel":
        whole = st.lists(st.sampled_from(records) | st.sampled_from(records) | damaged(records), max_size=6)
        return whole.map(lambda b: b'{"objects": ' + (header or b"[]") + b', "events": [' + b",\n".join(b) + b"]}")
    if how == "xml":
        whole = st.lists(st.sampled_from(records) | st.sampled_from(records) | damaged(records), max_size=6)
        return whole.map(lambda b: b"<log>" + b"\n".join(b) + b"</log>")
    if how == "json":
        frames = st.sampled_from(
            [(b"[", b",", b"]"), (b'{"orders": [', b",", b"]}"), (b"", b"\n", b"\n"), (b"[", b",", b"")]
        )
        return st.builds(lambda b, f: f[0] + f[1].join(b) + f[2], body, frames)
    heads = st.sampled_from([header, header, header, b""]) if header else st.just(b"")
    return st.builds(lambda h, b, e: (h + b"\n" if h else b"") + b"\n".join(b) + (e if b else b""), heads, body, ends)


@pytest.mark.parametrize("name", sorted(adapters()))
def test_whatever_the_bytes_no_line_is_lost_and_nothing_raises(name, new_lab):
    headers, records, options = corpus(name)
    lab = new_lab(
        {"src": options},
        [{"step": "any", "label": "Any", "stage": "help", "channel": "web", "codes": {"src": ["*{order}", "*"]}}],
    )
    numbers = itertools.count()
    adapter = adapters()[name]

    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        given_files = {}
        for file, header in headers.items():
            content = data.draw(files_of(records, header, adapter.records))
            packed = data.draw(st.booleans())
            path = f"{next(numbers)}-{file}"
            lab.put("src", path + (".gz" if packed else ""), content)
            given_files[path + (".gz" if packed else "")] = content
        lab.load()
        for row in lab.ledger():
            if row["path"] not in given_files:
                continue
            content = given_files[row["path"]]
            if row["status"] == "refused":
                assert row["reason"] and row["n_lines"] == row["n_raw_events"] == 0
                continue
            assert row["n_lines"] == row["n_accepted"] + row["n_duplicate"] + row["n_quarantined"] + row["n_blank"]
            if adapter.records == "lines":  # as `wc -l` counts, and the packed file's last line without an end
                text = content.removeprefix(b"\xef\xbb\xbf")
                is_cut = bool(text) and not text.endswith(b"\n")
                is_taken = is_cut and row["path"].endswith(".gz")
                assert row["n_lines"] == text.count(b"\n") + is_taken and row["n_held_back"] == (
                    is_cut and not is_taken
                )

    check()
    lab.check_identity()
    if lab.rows("select 1 from raw_event where occurred_at < timestamp '2026-12-31' limit 1"):
        lab.derive("2026-12-31")
    kept = repr([lab.rows(f"from {table}") for table in ("code", "dropped", "order_product", "raw_event")])
    assert "mia@x.example" not in kept and "+491705634771" not in kept and "\x1b" not in kept
