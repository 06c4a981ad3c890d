"""What the step dictionary does not name: counted right, proposed as patterns that fit, and nothing personal told."""

from __future__ import annotations

import datetime as dt
import random
import re
import tomllib
from types import SimpleNamespace

import pyarrow as pa
import pytest

from ingest.naming import tell_unnamed
from ingest.sniffing.toml_text import toml_value
from ingest.store import Store
from ingest.touch import Matcher, StepDictionary, compile_pattern, is_catch_all

WEB = {"web": {"adapter": "nginx_combined", "extra": ["cookie"]}}
HOME = {
    "step": "home", "label": "Home", "stage": "research", "channel": "web", "class": "browse",
    "codes": {"web": ["GET /"]},
}  # fmt: skip
REST = {"step": "rest", "label": "Another page", "stage": "research", "channel": "web", "codes": {"web": ["GET*"]}}


def proposals(lab):
    return {
        row["pattern"]: row for row in lab.records("from proposed_pattern where pattern is not null order by rank_no")
    }


def visits(web_line, pages, people, first=0):
    """Each of `people` opens each of `pages` once, half a minute apart, after the front page."""
    return "".join(
        web_line(first + 3600 * person + 30 * place, path, cookie=f"c{person}", ip=f"192.0.2.{person}")
        for person in range(people)
        for place, path in enumerate(["/", *pages])
    )


@pytest.mark.parametrize("steps", [[HOME], [REST, HOME]])
def test_addresses_become_patterns(new_lab, web_line, steps):
    """Undeclared, or taken by a catch-all alone, wherever in the dictionary that stands."""
    lab = new_lab(WEB, steps)
    lines = visits(web_line, ["/wishlist", "/help/returns"], 8)
    for number in range(40):
        lines += web_line(
            60_000 + number, f"/order/{7000 + number}/status", cookie=f"c{number % 8}", ip=f"192.0.2.{number % 8}"
        )
        lines += web_line(
            90_000 + number, f"/product/lamp-{number}", cookie=f"c{number % 8}", ip=f"192.0.2.{number % 8}"
        )
        lines += web_line(
            95_000 + number, f"/team/{'abcdefgh'[number % 8]}nna", cookie=f"c{number % 8}", ip=f"192.0.2.{number % 8}"
        )
    lines += web_line(99_000, "/konto/mia-wolf", cookie="c1", ip="192.0.2.1")
    lab.put("web", "a.log", lines)
    lab.night()
    found = proposals(lab)
    counted = {pattern: (row["n_codes"], row["n_events"], row["n_customers"]) for pattern, row in found.items()}
    assert counted == {
        "GET /help/returns": (1, 8, 8), "GET /wishlist": (1, 8, 8), "GET /order/{number}/status": (40, 40, 8),
        "GET /product/{product}": (40, 40, 8), "GET /team/{part}": (8, 40, 8),
    }  # fmt: skip
    assert found["GET /order/{number}/status"]["examples"] == ["GET /order/999/status"]
    assert found["GET /product/{product}"]["examples"] == ["GET /product/xxx-999"]
    assert found["GET /wishlist"]["step_before"] == "home" and found["GET /wishlist"]["n_before"] == 8
    few = lab.rows("select n_codes, n_events from proposed_pattern where pattern is null")
    assert few == [(1, 1)], "an address of one customer is told by number"
    caught = 137 if steps[0] is REST else 0
    named = lab.rows("select n_events, n_named, n_caught, n_undeclared, n_addresses from source_named")
    assert named == [(145, 8, caught, 137 - caught, 145)]
    assert {row["n_caught"] for row in found.values()} == ({8, 40} if caught else {0})
    assert {row["caught_by"] for row in found.values()} == ({"rest"} if caught else {None})
    lab.close()


def counted(codes, *, order=0, source="web", least=5):
    """The proposals for events given as (code, customer or None), in the order of a seed."""
    events = list(codes)
    random.Random(order).shuffle(events)
    steps = StepDictionary.model_validate({"step": [{**HOME, "codes": {}}]})
    with Store.open(threads=1) as store:
        ids = {code: number for number, code in enumerate(dict.fromkeys(code for code, _ in events))}
        put(store, "source", {"source_id": [1], "name": [source], "rank": [1]})
        put(store, "code", {"code_id": list(ids.values()), "source_id": [1] * len(ids), "code": list(ids)})
        put(
            store,
            "code_match",
            {"code_id": list(ids.values()), "step": [None] * len(ids), "pattern": [None] * len(ids)},
        )
        at = [dt.datetime(2026, 1, 10) + dt.timedelta(minutes=n) for n in range(len(events))]
        put(store, "event", {
            "event_no": list(range(1, len(events) + 1)), "source_id": [1] * len(events),
            "raw_code": [code for code, _ in events],
            "customer_id": [who for _, who in events], "occurred_at": at,
            "step": [None] * len(events), "visible": [None] * len(events),
            "call_id": [None] * len(events), "order_id": [None] * len(events),
        })  # fmt: skip
        store.run("set variable night_end = timestamp '2026-01-20'")
        site = SimpleNamespace(settings=SimpleNamespace(privacy=SimpleNamespace(min_cell=least)))
        tell_unnamed(site, store, steps)
        return store.records("from proposed_pattern order by rank_no nulls last")


def put(store, name, columns):
    kinds = {"occurred_at": pa.timestamp("us"), "visible": pa.bool_()}
    whole = ("code_id", "source_id", "rank", "event_no", "customer_id")
    table = {
        key: pa.array(values, kinds.get(key, pa.int64() if key in whole else pa.string()))
        for key, values in columns.items()
    }
    store.put("given", pa.table(table))
    store.run(f"create table {name} as from given")
    store.drop("given")


WORDS = ["cart", "a b", "über-uns", "o'neil", 'say "hi"', "back\\slash", "{email}", "x{ip}", "77", "4711000", "v2",
         "*98", "deadbeefdeadbeef12", "index.php", "", "%D9%84%D8", "mia.wolf", "[x]", "(a|b)+", "tab\there", "日本",
         "\u2028line"]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_each_code_fits_a_proposal_that_toml_can_hold(seed):
    """Whatever the codes: each that enough people met is taken by a pattern; the order of events changes nothing."""
    rng = random.Random(seed)
    codes = {
        rng.choice(["GET /", "page_view /", ""])
        + rng.choice(["/", " "]).join(rng.choices(WORDS, k=rng.randrange(1, 5)))
        + rng.choice(["", "", " -> 4xx"])
        for _ in range(120)
    }  # fmt: skip
    events = [(code, rng.choice([None, *range(30)])) for code in sorted(codes) for _ in range(rng.randrange(1, 30))]
    rows = counted(events)
    assert rows == [{**row, "first_at": was["first_at"], "last_at": was["last_at"], "examples": row["examples"]}
                    for row, was in zip(counted(events, order=1), rows, strict=True)]  # fmt: skip
    patterns = [row["pattern"] for row in rows if row["pattern"]]
    said = tomllib.loads("codes = [\n" + "\n".join(f"  {toml_value(one)}," for one in patterns) + "\n]")["codes"]
    assert said == patterns and len(set(patterns)) == len(patterns) > 10
    assert StepDictionary.model_validate({"step": [{**HOME, "codes": {"web": patterns}}]})
    compiled = [compile_pattern(one) for one in patterns]
    met = {
        code: {who if who is not None else -n - 1 for n, (what, who) in enumerate(events) if what == code}
        for code in codes
    }
    for code, people in met.items():
        if len(people) >= 5 and not any(regex.fullmatch(code) for regex in compiled):
            # without a word of its own a pattern would be wide: of an address its path counts, up to the first blank
            address = re.fullmatch(r"\S+ (/[^ ]*)( .*)?", code, re.DOTALL)
            own = address[1] if address else code
            assert not re.sub(r"[{}/*\s0-9]|deadbeef|email|ip|%D9%84%D8|x", "", own), code
    assert sum(row["n_events"] for row in rows) == len(events)
    assert sum(row["n_codes"] for row in rows) == len(codes)


def test_what_is_personal_is_in_no_proposal():
    """Numbers, mails, tokens, and words that few people met are in no pattern and in no example."""
    planted = ["4711000123", "mia-wolf", "eve@shop.example", "0170 5631234", "9f8e7d6c5b4a39281706f5e4", "jonas"]
    events = []
    for person in range(40):
        events += [
            (f"GET /track/{4711000100 + person}", person),
            (f"GET /profil/{'xyz'[person % 3]}{'abcdefghijklmnop'[person % 16]}a", person),
        ]
        events += [(f"GET /reset/{person:024x}", person), (f"CALLED 0170 563{person:04d} back", person)]
        events += [
            ("GET /track/4711000123", person),
            ("GET /reset/9f8e7d6c5b4a39281706f5e4", person),
            ("AGENT 20171234", person),
        ]
    events += [("GET /profil/mia-wolf", 3), ("GET /jonas", 2), ("HELLO jonas", 1), ("GET /mail/{email}", 9)]
    told = str([(row["pattern"], row["examples"]) for row in counted(events)])
    assert not [text for text in (*planted, "20171234", "5630") if text in told]
    for pattern in ("GET /track/{number}", "GET /profil/{part}", "GET /reset/{part}", "AGENT {number}"):
        assert f"'{pattern}'" in told


def test_a_catch_all_takes_what_no_other_pattern_fits():
    steps = StepDictionary.model_validate(
        {"step": [REST, HOME, {**HOME, "step": "p", "codes": {"web": ["GET /p/{number}", "POST*"]}}]}
    )
    matcher = Matcher(steps)
    assert [matcher.match("web", code).step for code in ("GET /", "GET /p/7", "GET /p/x", "POST /x")] == [
        "home",
        "p",
        "rest",
        "p",
    ]
    for pattern in ("*", "GET*", "GET /*", "GET *", "POST /*", "page_view *", "page_view /*"):
        assert is_catch_all(pattern), pattern
    for pattern in ("GET /", "* -> 4xx", "ENTERQUEUE*", "GET /p/*", "GET /{part}", "GET"):
        assert not is_catch_all(pattern), pattern
