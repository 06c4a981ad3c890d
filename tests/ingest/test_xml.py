"""XML that is no log, or an attack: refused whole with a reason, early, and nothing of it is fetched or expanded."""

from __future__ import annotations

import gzip

import pytest

EVENT = (
    '<event><string key="concept:name" value="Pay"/><date key="time:timestamp" value="2026-01-10T09:00:00Z"/></event>'
)
TRACE = f'<trace><string key="concept:name" value="o-1"/>{EVENT}</trace>'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
ATTACKS = {
    "billion laughs": (f"<!DOCTYPE log [{LAUGHS}]><log>{TRACE.replace('Pay', '&l9;')}</log>", "DOCTYPE"),
    "a file of ours": ('<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]><log>&x;</log>', "DOCTYPE"),
    "a DTD elsewhere": ('<!DoCtYpE log SYSTEM "http://192.0.2.1/x.dtd"><log/>', "DOCTYPE"),
    "hidden behind a comment": (f"<!-- <log> --><?x y?><!DOCTYPE log []><log>{TRACE}</log>", "DOCTYPE"),
    "an entity nobody declared": (f"<log>{TRACE.replace('Pay', '&x;')}</log>", "damaged XML"),
    "too deep": (f"<log>{'<a>' * 5000}{'</a>' * 5000}</log>", "damaged XML"),
    "cut off": (f"<log>{TRACE * 50}"[:-20], "damaged XML"),
    "NUL": (f"<log>{TRACE}\0</log>", "damaged XML"),
    "two roots": (f"<log>{TRACE}</log><log/>", "damaged XML"),
    "a page": ("<html><body/></html>", "no log"),
    "no XML": ("08:00 pay\n09:00 ship\n", "damaged XML"),
}


@pytest.mark.parametrize("packed", [False, True])
def test_bad_xml_is_refused_whole(new_lab, packed):
    lab = new_lab({"src": "xes"})
    for number, (text, _) in enumerate(ATTACKS.values()):
        data = text.encode()
        (lab.root / "inbox/src" / f"{number:02d}.xes").write_bytes(gzip.compress(data) if packed else data)
    lab.load()
    lab.check_identity()
    for (name, (_, reason)), row in zip(ATTACKS.items(), lab.ledger(), strict=True):
        assert row["status"] == "refused" and reason in row["reason"], (name, row["reason"])
    assert lab.rows("select count(*) from raw_event") == [(0,)]


def test_a_long_attribute_is_no_attack_and_prefixes_do_not_matter(new_lab):
    lab = new_lab({"src": "xes"})
    prefixed = TRACE.replace("<", "<x:").replace("<x:/", "</x:").replace('"o-1"', '"o-2"')
    lab.put("src", "a.xes", f'<?xml version="1.0"?>\n<log>{TRACE.replace("Pay", "Pay " * 3000)}</log>')
    lab.put("src", "b.xes", f'<x:log xmlns:x="http://www.xes-standard.org/">{prefixed}</x:log>')
    lab.load()
    assert lab.rows("select order_id, length(code) from raw_event inner join code using (code_id) order by 1") == [
        ("o-1", 500),
        ("o-2", 3),
    ]


def test_a_case_that_comes_again_with_more_events_replaces_itself(new_lab):
    lab = new_lab(
        {"src": "xes"}, [{"step": "any", "label": "Any", "stage": "help", "channel": "x", "codes": {"src": ["*"]}}]
    )
    lab.put("src", "1.xes", f"<log>{TRACE}</log>")
    lab.night("2026-01-31")
    assert lab.rows("select count(*) from event") == [(1,)]
    longer = TRACE.replace("</trace>", EVENT.replace("09:00", "11:00").replace("Pay", "Ship") + "</trace>")
    lab.put("src", "2.xes", f"<log>{longer}</log>")
    lab.night("2026-01-31")
    assert lab.rows("select raw_code from event order by occurred_at") == [("Pay",), ("Ship",)]
