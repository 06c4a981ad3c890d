"""Normal forms, keyed pseudonyms, and what is taken out of texts that are kept."""

from __future__ import annotations

import json
import random
from typing import get_args

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import ConfigError
from ingest.phone import PhoneFormat
from ingest.pseudonym import KINDS, STRENGTH, key_id, load_key, normalise, pseudonyms
from ingest.scrub import SUSPECT, mask, scrub, scrub_json
from ingest.store import Store

KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("phone", "0170 563 47 71", "+491705634771"),
        ("phone", "+49 (170) 563-4771", "+491705634771"),
        ("phone", "0049 170 5634771", "+491705634771"),
        ("phone", "8007", "ext:8007"),
        ("phone", "anonymous", None),
        ("phone", "1-800-FLOWERS", None),
        ("phone", "0000000", None),
        ("phone", "", None),
        ("phone", "9" * 40, None),
        ("email", " Mia.Wolf@Example.NET ", "mia.wolf@example.net"),
        ("email", "mia.wolf", None),
        ("login", "MIA", "mia"),
        ("order_no", "#10001", "10001"),
        ("customer_no", "-", None),
        ("customer_no", "0", None),
        ("cookie", "NULL", None),
        ("cookie", "\uff43\uff10", "c0"),
    ],
)
def test_normal_forms(kind, value, form):
    assert normalise(kind, value, "DE") == form


@pytest.mark.parametrize(
    ("written", "country", "phone_format", "form"),
    [
        # the same number as sources write it
        ("+49 (0)30 1234567", "DE", "any", "+49301234567"),
        ("030 1234567", "DE", "any", "+49301234567"),
        ("0049 30 1234567", "US", "any", "+49301234567"),
        ("011 49 30 1234567", "US", "any", "+49301234567"),
        ("tel:+49-30-1234567", "DE", "any", "+49301234567"),
        ("030\u2013123\u00a045\u00a067", "DE", "any", "+49301234567"),
        ("\uff10\uff13\uff10 1234567", "DE", "any", "+49301234567"),
        # a source that leaves out the plus: read as a national number it would be another, valid one
        ("4915112345678", "DE", "e164_noplus", "+4915112345678"),
        ("491511234567", "DE", "any", "+49491511234567"),
        ("12125550123", "DE", "e164_noplus", "+12125550123"),
        ("0171 5634771", "DE", "e164_noplus", None),
        ("+491705634771", "DE", "e164_noplus", "+491705634771"),
        # a source that only knows its own country
        ("(212) 555-0123", "US", "national", "+12125550123"),
        ("0170 5634771", "DE", "national", "+491705634771"),
        ("06 12345678", "IT", "national", "+390612345678"),
        # a source that promises country codes
        ("+4915112345678", "US", "international", "+4915112345678"),
        ("004915112345678", "US", "international", "+4915112345678"),
        ("4915112345678", "DE", "international", None),
        ("0170 5634771", "DE", "international", None),
        # extensions are dropped, desks keep their short numbers
        ("030 1234567 ext. 78", "DE", "any", "+49301234567"),
        ("030 1234567;ext=78", "DE", "any", "+49301234567"),
        ("0301234567x78", "DE", "any", "+49301234567"),
        ("030 1234567 Durchwahl 12", "DE", "any", "+49301234567"),
        ("2222", "DE", "international", "ext:2222"),
        # nobody
        ("1-800-FLOWERS", "US", "any", None),
        ("anonymous", "DE", "any", None),
        ("Unknown", "DE", "national", None),
        ("+anonymous", "DE", "any", None),
        ("0000", "DE", "any", None),
        ("+000000", "DE", "any", None),
        ("9999999999", "DE", "any", None),
        ("+", "DE", "any", None),
        ("+49", "DE", "any", None),
        ("", "DE", "e164_noplus", None),
    ],
)
def test_phone_numbers_by_how_their_source_writes_them(written, country, phone_format, form):
    assert normalise("phone", written, country, phone_format) == form


def test_every_kind_has_a_strength_and_its_own_pseudonyms():
    assert set(KINDS) == set(STRENGTH)
    assert len({pseudonyms(KEY, kind, ["1"])[0] for kind in KINDS}) == len(KINDS)
    assert pseudonyms(KEY, "phone", ["1", "2", "1"])[0] == pseudonyms(KEY, "phone", ["1"])[0]
    assert pseudonyms(KEY, "phone", ["1"]) != pseudonyms(KEY[::-1], "phone", ["1"])
    assert key_id(KEY) != key_id(KEY[::-1]) and KEY.hex()[:8] != key_id(KEY)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("GET /p/4135/lampe-glimm", "GET /p/4135/lampe-glimm"),
        ("GET /u/mia.wolf@example.net/x", "GET /u/{email}/x"),
        ("GET /u/mia%40example.net", "GET /u/{email}"),
        ("GET /call/+491705634771", "GET /call/{phone}"),
        ("GET /pay/4111111111111111", "GET /pay/{card}"),
        ("GET /pay/4111-1111-1111-1111/x", "GET /pay/{card}/x"),
        ("GET /order/4111111111111112", "GET /order/4111111111111112"),
        ("GET /t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "GET /t/{token}"),
        ("GET /a\x00b\x1b[31m", "GET /a\ufffdb\ufffd[31m"),
        ("GET /ring/01705634771", "GET /ring/{phone}"),
        ("GET /ring/015112345678/%2B491705634771", "GET /ring/{phone}/{phone}"),
        ("GET /p/012345678905", "GET /p/012345678905"),
        ("GET /p/4006381333931", "GET /p/4006381333931"),
        ("GET /bank/DE89370400440532013000", "GET /bank/{iban}"),
        ("GET /bank/DE89 3704 0044 0532 0130 00", "GET /bank/{iban}"),
        ("GET /p/DE88370400440532013000", "GET /p/DE88370400440532013000"),
        ("GET /trace/198.51.100.77/2001:db8::7", "GET /trace/{ip}/{ip}"),
        ("GET /v/1.2.3/12:30:00", "GET /v/1.2.3/12:30:00"),
    ],
)
def test_personal_data_is_scrubbed_from_codes(text, kept):
    assert scrub(text) == kept


def test_what_scrub_would_change_is_never_spared_the_way_to_it():
    """SUSPECT picks in SQL what comes to `scrub`; it must pick all that `scrub` changes."""
    rng = random.Random(4)
    pieces = [
        "mia@x.example", "mia%40x.example", "+491705634771", "%2B491705634771", "01705634771", "0049 170",
        "4111111111111111", "4111-1111 1111-1111", "DE89370400440532013000", "DE89 3704 0044 0532 0130 00",
        "198.51.100.77", "2001:db8::7", "::1", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "a\x00b", "\x7f", "\x1b",
        "x" * 510, "/", " ", "-", "7", "A", ".", ":", "=", "\n", "\u00fc",
    ]  # fmt: skip
    texts = ["".join(rng.choices(pieces, k=rng.randint(1, 5))) for _ in range(3000)]
    changed = [text for text in texts if scrub(text) != text]
    with Store.open() as store:
        store.put("told", pa.table({"text": changed}))
        missed = store.rows("select text from told where not regexp_matches(text, $suspect, 's')", {"suspect": SUSPECT})
    assert len(changed) > 1000 and missed == []


def test_json_is_scrubbed_and_stays_json():
    text = (
        '{"note":"ring +491705634771","n":4111111111111111,"list":["mia@x.example",1.5,null],"mia@x.example":"\\u0040"}'
    )
    assert json.loads(scrub_json(text)) == {
        "note": "ring {phone}",
        "n": "{card}",
        "list": ["{email}", 1.5, None],
        "{email}": "@",
    }


def test_two_numbers_that_look_personal_stay_two(new_lab):
    """An order number that could be a card's is renamed under the key; it is not one with another."""
    table = {"files": "*", "events": {"ordered": "at"}, "identifiers": {"order_no": "order"}, "product": "product"}
    lab = new_lab({"crm": {"adapter": "relational_orders", "tables": {"orders": table}}})
    rows = ["4111111111111111,p1\n", "5500005555555559,01705634771\n", "1001,p1\n"]
    lab.put("crm", "a.csv", "order,product,at\n" + "".join(row.strip() + ",2026-01-10 08:00:00\n" for row in rows))
    lab.load()
    orders = [order for (order,) in lab.rows("select order_id from raw_event order by line_no")]
    assert orders[2] == "1001" and len(set(orders)) == 3 and all(o.startswith("order_no-") for o in orders[:2])
    assert lab.rows("select order_id from order_product order by all") == sorted((order,) for order in orders)
    assert "4111111111111111" not in repr(lab.rows("from raw_event")) + repr(lab.rows("from order_product"))


@settings(max_examples=200)
@given(st.text(max_size=80))
def test_masks_and_scrubs_never_raise_and_tell_no_letter_or_digit(text):
    assert len(scrub(text)) <= 500
    shape = mask(text)
    assert not {c for c in shape if c.isascii() and c.isalnum()} - {"x", "9"}
    for kind in KINDS:
        for phone_format in get_args(PhoneFormat):
            form = normalise(kind, text, "DE", phone_format)
            assert form is None or form


def test_the_key_is_made_once_and_closed_to_others(tmp_path, monkeypatch):
    monkeypatch.delenv("FRONTSTAGE_KEY")
    path = tmp_path / "key"
    key = load_key(path)
    assert len(key) == 32 and path.stat().st_mode & 0o777 == 0o600
    assert load_key(path) == key
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_key(path)
    monkeypatch.setenv("FRONTSTAGE_KEY", "no key")
    with pytest.raises(ConfigError, match="64 hex digits"):
        load_key(path)
