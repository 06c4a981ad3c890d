"""Every line counts once, however files are cut, copied, packed, renamed, and whenever they come (reliability G1)."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SUFFIXES = ["", ".gz", ".bz2"]


@pytest.fixture(scope="module")
def pool(web_line):
    """Lines of a web log; two of them share a second, one is blank, one is spoilt, one is dropped."""
    lines = [web_line(60 * i, f"/p/{i}", cookie=f"c{i % 3}") for i in range(6)]
    return [*lines, web_line(300, "/same-second", cookie="c1"), "\n", "spoilt\n", web_line(9, "/x.css", cookie="c0")]


LOG = st.lists(st.integers(0, 9), min_size=1, max_size=14)


@st.composite
def deliveries(draw):
    """A log, and files that are pieces of it; together they hold all of it: (log, [(night, start, end, suffix)])."""
    log = draw(LOG)
    n = len(log)
    cuts = sorted(draw(st.lists(st.integers(0, n), max_size=2)))
    bounds = [0, *cuts, n]
    pieces = [(a, b) for a, b in itertools.pairwise(bounds) if a < b]
    extra = draw(st.lists(st.tuples(st.integers(0, n), st.integers(0, n)), max_size=2))
    pieces += [(min(p), max(p)) for p in extra if p[0] != p[1]]
    files = [(draw(st.integers(0, 1)), a, b, draw(st.sampled_from(SUFFIXES))) for a, b in pieces]
    return log, draw(st.permutations(files))


@settings(max_examples=6)
@given(plan=deliveries())
def test_any_cut_of_a_log_into_files_gives_the_same_events(new_lab, pool, plan):
    log, files = plan
    lab = new_lab({"web": {"adapter": "nginx_combined", "extra": ["cookie"]}})
    for night in (0, 1):
        for number, (when, a, b, suffix) in enumerate(files):
            if when == night:
                lab.put("web", f"{number}.log{suffix}", "".join(pool[i] for i in log[a:b]))
        lab.load()
    lab.check_identity()
    # equal lines of one file are several events; of two files they are the same ones (a union of multisets)
    expected: Counter[int] = Counter()
    for _, a, b, _ in files:
        expected |= Counter(log[a:b])
    reference = new_lab({"web": {"adapter": "nginx_combined", "extra": ["cookie"]}})
    reference.put("web", "whole.log", "".join(pool[i] for i in expected.elements()))
    reference.load()
    assert lab.raw_events() == reference.raw_events()
    assert (
        lab.rows("select count(*) from quarantine")
        == reference.rows("select count(*) from quarantine")
        == [(expected[8],)]
    )
    assert lab.rows("select coalesce(sum(n_lines), 0) from dropped") == [(expected[9],)]
    lab.close()
    reference.close()


def test_repeats_within_a_file_are_as_many_events(new_lab, web_line):
    lab = new_lab()
    lab.put("web", "a.log", web_line(1, "/x") * 3 + web_line(2, "/y"))
    lab.load()
    assert Counter(event["code"] for event in lab.raw_events()) == {"GET /x": 3, "GET /y": 1}
    assert len({event["event_id"] for event in lab.raw_events()}) == 4
    lab.put("web", "b.log", web_line(1, "/x") * 4)
    lab.load()
    assert Counter(event["code"] for event in lab.raw_events()) == {"GET /x": 4, "GET /y": 1}
    assert [row["n_duplicate"] for row in lab.ledger()] == [0, 3]


def test_a_journey_that_begins_with_equal_lines_of_two_files_has_one_name(new_lab, web_line):
    """Which of the equal lines was met first, and so stands in which file, depends on which file came first."""
    files = {"z.log": web_line(1, "/x"), "a.log": web_line(1, "/x") * 2}
    keys = []
    for names in (["a.log", "z.log"], ["z.log", "a.log"]):
        lab = new_lab()
        for name in names:
            lab.put("web", name, files[name])
            lab.load()
        lab.derive()
        keys.append(lab.rows("select journey_key from journey"))
    assert keys[0] == keys[1] and len(keys[0]) == 1


def test_equal_lines_of_two_sources_are_two_events(new_lab, web_line):
    lab = new_lab({"web": "nginx_combined", "shop": "nginx_combined"})
    for source in ("web", "shop"):
        lab.put(source, "a.log", web_line(1, "/x"))
    lab.load()
    assert len({event["event_id"] for event in lab.raw_events()}) == 2


def test_touching_a_file_or_moving_it_changes_nothing(new_lab, web_line):
    lab = new_lab()
    path = lab.put("web", "a.log", web_line(1, "/x"))
    lab.load()
    before = lab.raw_events()
    path.touch()
    path.rename(path.parent / "a.log.1")
    lab.load()
    assert lab.raw_events() == before
    assert [row["n_duplicate"] for row in lab.ledger()] == [0, 1]


def derived(lab) -> dict[str, list]:
    """Every derived table without the columns that name files, in full order."""
    tables = {
        "event": "exclude (source_file, source_line)",
        "customer": "",
        "journey": "",
        "journey_event": "",
        "touch": "",
        "department": "",
        "data_quality": "",
    }
    return {name: lab.rows(f"select * {columns} from {name} order by all") for name, columns in tables.items()}


def test_nights_one_by_one_end_where_one_load_of_all_files_ends(new_lab, web_line):
    """Design 6.4, for files that overlap and that come late and renamed."""
    lines = [web_line(40 * i, f"/p/{i % 4}", cookie=f"c{i % 3}") for i in range(60)]
    options = {"web": {"adapter": "nginx_combined", "extra": ["cookie"]}}
    steps = [
        {"step": "page", "label": "Page", "stage": "research", "channel": "web", "codes": {"web": ["GET /p/{product}"]}}
    ]
    files = {"b.log": lines[20:45], "a.log": lines[:25], "c.log.gz": lines[40:], "0-again.log": lines[10:30]}
    slow, fast = new_lab(options, steps), new_lab(options, steps)
    for name, part in files.items():
        slow.put("web", name, "".join(part))
        slow.night()
        fast.put("web", name, "".join(part))
    fast.night()
    assert derived(slow) == derived(fast)


def test_events_of_one_second_keep_the_order_of_their_lines_whatever_the_files_are_called(new_lab, epoch):
    """A call that straddles a rotation: queue_log.1 holds its first lines, and sorts after queue_log by name."""
    lines = [
        f"{epoch - 90}|{epoch - 90}.7|q|NONE|ENTERQUEUE||01705634772|1\n",
        f"{epoch}|{epoch}.1|q|NONE|ENTERQUEUE||01705634771|1\n",
        f"{epoch}|{epoch}.1|q|A|CONNECT|0|{epoch}.2|0\n",
        f"{epoch + 60}|{epoch}.1|q|A|COMPLETECALLER|0|60|1\n",
    ]
    steps = [
        {"step": verb.lower(), "label": verb, "stage": "help", "channel": "agent", "codes": {"calls": [f"{verb} *"]}}
        for verb in ("ENTERQUEUE", "CONNECT", "COMPLETECALLER")
    ]
    whole, cut = (new_lab({"calls": "asterisk_queue_log"}, steps) for _ in range(2))
    whole.put("calls", "queue_log", "".join(lines))
    cut.put("calls", "queue_log.1", "".join(lines[:2]))
    cut.put("calls", "queue_log", "".join(lines[2:]))
    for lab in (whole, cut):
        lab.night()
    order = "select step from journey_event order by pos"
    assert cut.rows(order) == whole.rows(order)


def order(version: int, **changes) -> dict:
    """An order as the shop sends it at its n-th change."""
    moments = [
        {
            "id": i,
            "kind": "sale",
            "status": "success" if i == version else "failure",
            "created_at": f"2026-01-10T09:0{i}:00Z",
        }
        for i in range(version + 1)
    ]
    return {
        "id": 77,
        "order_number": 1077,
        "created_at": "2026-01-10T09:00:00Z",
        "updated_at": f"2026-01-1{version}T12:00:00Z",
        "source_name": "web",
        "email": "mia@example.net",
        "customer": {"id": 5},
        "transactions": moments,
    } | changes


def events_now(lab) -> list[tuple]:
    return lab.rows("select event_id, occurred_at, raw_code, customer_id, order_id from event order by all")


ORDER_STEPS = [{"step": "order", "label": "Order", "stage": "order", "channel": "order", "codes": {"shop": ["*"]}}]


@settings(max_examples=4)
@given(st.permutations([0, 1, 2, 1]), st.booleans(), st.booleans())
def test_the_newest_state_of_an_order_wins_in_whatever_order_states_come(new_lab, versions, together, as_lines):
    lab = new_lab({"shop": "shopify_orders_json"}, ORDER_STEPS)
    for i, version in enumerate(versions):
        text = json.dumps(order(version)) if as_lines else json.dumps({"orders": [order(version)]})
        lab.put("shop", f"{i}.json", text)
        if not together:
            lab.load()
    lab.night()
    lab.check_identity()
    reference = new_lab({"shop": "shopify_orders_json"}, ORDER_STEPS)
    reference.put("shop", "only.json", json.dumps({"orders": [order(2)]}))
    reference.night()
    assert events_now(lab) == events_now(reference)
    assert len(events_now(lab)) == 4
    for table in ("customer", "journey", "journey_event"):
        assert lab.rows(f"from {table} order by all") == reference.rows(f"from {table} order by all")
    lab.close()
    reference.close()


def test_two_states_of_one_version_give_one_answer_whichever_comes_first(new_lab):
    answers = []
    for versions in ([0, 1], [1, 0]):
        lab = new_lab({"shop": "shopify_orders_json"}, ORDER_STEPS)
        states = [order(1), order(1, cancelled_at="2026-01-10T10:00:00Z")]
        for i in versions:
            lab.put("shop", f"{i}.json", json.dumps(states[i]))
            lab.load()
        lab.derive()
        answers.append(events_now(lab))
    assert answers[0] == answers[1]


def test_one_order_once_a_second_and_in_one_file_with_its_older_state(new_lab):
    lab = new_lab({"shop": "shopify_orders_json"}, ORDER_STEPS)
    states = [order(2), order(0), order(1), order(2)]
    random.Random(1).shuffle(states)
    lab.put("shop", "all.json", json.dumps({"orders": states}))
    lab.night()
    lab.check_identity()
    assert len(events_now(lab)) == 4


def test_who_no_longer_stands_in_an_order_is_no_longer_linked_by_it(new_lab):
    lab = new_lab({"shop": "shopify_orders_json"}, ORDER_STEPS)
    lab.put("shop", "0.json", json.dumps(order(0, phone="+4915164254440")))
    lab.put("shop", "1.json", json.dumps(order(1, phone=None)))
    lab.put(
        "shop",
        "2.json",
        json.dumps(
            order(1, phone="+4915164254440")
            | {"id": 78, "order_number": 1078, "email": "tom@example.net", "customer": {"id": 6}}
        ),
    )
    lab.night()
    assert lab.rows("select count(distinct customer_id) from event") == [(2,)]


def test_steps_of_one_moment_of_an_order_come_in_the_order_of_their_making(new_lab):
    """Created, then paid, then fulfilled, when all bear the same second: not in the order of their hashes."""
    steps = [
        {"step": s, "label": s, "stage": "order", "channel": "order", "codes": {"shop": [p]}}
        for s, p in (("place", "created *"), ("pay", "transaction *"), ("ship", "fulfillment *"))
    ]
    lab = new_lab({"shop": "shopify_orders_json"}, steps)
    at = "2026-01-10T09:00:00Z"
    orders = [
        {
            "id": i,
            "order_number": i,
            "created_at": at,
            "updated_at": at,
            "source_name": "web",
            "customer": {"id": i},
            "fulfillments": [{"id": i, "status": "success", "created_at": at}],
            "transactions": [{"id": i, "kind": "sale", "status": "success", "created_at": at}],
        }
        for i in range(1, 13)
    ]
    lab.put("shop", "a.json", json.dumps({"orders": orders}))
    lab.night()
    variants = lab.rows(
        "select string_agg(step::varchar, ' ' order by pos) as v, journey_id from journey_event group by journey_id"
    )
    assert len({variant for variant, _ in variants}) == 1, variants
