"""Hand-built customers whose journeys are known (method 2.2, 4.1, 0.5): anchors, contacts, gaps, engaged time."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter

import pytest

from ingest.derive.gap import gaps_in_tenths

H, D = 3600, 86400
ZERO = dt.datetime(2026, 1, 10)
SOURCES = {
    "web": {"adapter": "nginx_combined", "extra": ["cookie"]},
    "calls": "asterisk_queue_log",
    "cdr": "asterisk_cdr",
    "shop": "shopify_orders_json",
}
STEPS = [
    {
        "step": "home",
        "label": "Home",
        "stage": "research",
        "channel": "web",
        "class": "browse",
        "repeats": "any",
        "codes": {"web": ["GET /"]},
    },
    {
        "step": "product",
        "label": "Product",
        "stage": "research",
        "channel": "web",
        "class": "browse",
        "codes": {"web": ["GET /p/{product}"]},
    },
    {
        "step": "order_page",
        "label": "My order",
        "stage": "receive",
        "channel": "web",
        "codes": {"web": ["GET /orders/{order}"]},
    },
    {"step": "pay_page", "label": "Pay", "stage": "order", "channel": "web", "codes": {"web": ["POST /pay"]}},
    {"step": "menu", "label": "Menu", "stage": "help", "channel": "ivr", "codes": {"cdr": ["*"]}},
    {
        "step": "wait",
        "label": "Wait",
        "stage": "help",
        "channel": "ivr",
        "class": "contact",
        "codes": {"calls": ["ENTERQUEUE *"]},
    },
    {
        "step": "talk",
        "label": "Talk",
        "stage": "help",
        "channel": "agent",
        "class": "contact",
        "codes": {"calls": ["COMPLETE* *"]},
    },
    {
        "step": "ring",
        "label": "Ring",
        "stage": "help",
        "channel": "system",
        "visible": False,
        "codes": {"calls": ["CONNECT *", "RINGNOANSWER *"]},
    },
    {"step": "placed", "label": "Placed", "stage": "order", "channel": "order", "codes": {"shop": ["created *"]}},
    {"step": "paid", "label": "Paid", "stage": "order", "channel": "order", "codes": {"shop": ["transaction *"]}},
    {
        "step": "delivered",
        "label": "Delivered",
        "stage": "receive",
        "channel": "parcel",
        "codes": {"shop": ["fulfillment *", "fulfillment_event *"]},
    },
]
PHONE = "01705634771"


class Story:
    """Writes what one customer did; times are seconds after 2026-01-10 00:00 UTC."""

    def __init__(self, lab, web_line, epoch: int) -> None:
        self.lab, self.web_line, self.epoch = lab, web_line, epoch
        self.pages: list[tuple[float, str]] = []
        self.calls: list[str] = []
        self.orders: list[dict] = []

    def page(self, at: float, path: str, cookie: str = "c1", method: str = "GET") -> Story:
        self.pages.append((at, self.web_line(at, path, cookie=cookie, method=method)))
        return self

    def call(
        self, at: int, name: str, *, wait: int = 20, talk: int = 120, queue: str = "status", phone: str = PHONE
    ) -> Story:
        start, call = self.epoch + at, f"{self.epoch + at}.{name}"
        self.calls += [
            f"{start}|{call}|{queue}|NONE|ENTERQUEUE||{phone}|1",
            f"{start + wait}|{call}|{queue}|A|CONNECT|{wait}|{start}.9|1",
            f"{start + wait + talk}|{call}|{queue}|A|COMPLETECALLER|{wait}|{talk}|1",
        ]
        return self

    def order(
        self,
        number: int,
        at: int,
        *,
        products: tuple[int, ...] = (),
        delivered: int | None = None,
        call: str | None = None,
        customer: int = 7,
    ) -> Story:
        def clock(seconds: int) -> str:
            return (ZERO + dt.timedelta(seconds=seconds)).isoformat() + "Z"

        done = [{"id": number, "status": "success", "created_at": clock(delivered)}] if delivered is not None else []
        self.orders.append(
            {
                "id": number,
                "order_number": number,
                "created_at": clock(at),
                "updated_at": clock(at),
                "source_name": "web",
                "phone": "+49" + PHONE[1:],
                "customer": {"id": customer},
                "line_items": [{"product_id": p} for p in products],
                "fulfillments": done,
                "note_attributes": [{"name": "call_id", "value": call}] if call else [],
            }
        )
        return self

    def night(self, as_of: str | None = None):
        self.lab.put("web", "a.log", "".join(line for _, line in sorted(self.pages)))
        self.lab.put("calls", "queue_log", "".join(line + "\n" for line in self.calls))
        self.lab.put("shop", "a.json", json.dumps({"orders": self.orders}))
        self.lab.night(as_of)
        check_invariants(self.lab)
        return self.lab


def check_invariants(lab) -> None:
    """What holds of every journey table."""
    assert lab.rows("select count(*) from event where visible and customer_id is not null") == lab.rows(
        "select coalesce(sum(n_raw), 0) from journey_event"
    )
    assert lab.rows(
        "select count(*), min(pos), max(pos), count(distinct pos) from journey_event where weight <> 1"
    ) == [(0, None, None, 0)]
    n = lab.rows("select count(*) from journey_event")[0][0]
    assert [pos for (pos,) in lab.rows("select pos from journey_event")] == list(range(1, n + 1)), "stored by position"
    assert lab.rows("select journey_id, occurred_at, pos from journey_event order by pos") == lab.rows(
        "select journey_id, occurred_at, pos from journey_event order by journey_id, occurred_at, pos"
    )
    assert [j for (j,) in lab.rows("select journey_id from journey")] == list(
        range(1, lab.rows("select count(*) from journey")[0][0] + 1)
    )
    assert lab.rows("select count(*) from journey anti join journey_event using (journey_id)") == [(0,)]
    assert lab.rows(
        """select count(*) from journey_event as e inner join journey as j using (journey_id)
        where e.customer_id <> j.customer_id or e.occurred_at not between j.started_at and j.ended_at"""
    ) == [(0,)]
    assert lab.rows("select count(distinct journey_key) = count(*) from journey") == [(True,)]
    assert lab.rows("select count(*) from journey where part not between 0 and 9") == [(0,)]
    ids = [e for (e,) in lab.rows("select event_no from event")]
    assert ids == list(range(1, len(ids) + 1)), "stored by customer and time"
    assert lab.rows("select customer_id, occurred_at from event") == lab.rows(
        "select customer_id, occurred_at from event order by customer_id nulls last, occurred_at, event_no"
    )
    gaps = lab.rows(
        """select cast(floor(10 * log10(gap_s / 86400.0)) as integer), count(*) from (
            select epoch(occurred_at - lag(occurred_at) over (partition by customer_id order by event_no)) as gap_s
            from event where visible and customer_id is not null
        ) where gap_s > 43200 group by 1"""
    )
    assert gaps_in_tenths(lab.store) == dict(gaps), "the row before is the event before"


@pytest.fixture
def story(new_lab, web_line, epoch) -> Story:
    return Story(new_lab(SOURCES, STEPS), web_line, epoch)


def journeys(lab) -> list[tuple]:
    """(anchor, order, steps) of each journey, in order."""
    return lab.rows(
        """select j.anchor, j.order_id, string_agg(e.step::varchar, ' ' order by e.pos) from journey as j
        inner join journey_event as e using (journey_id)
        group by j.journey_id, j.anchor, j.order_id order by j.journey_id"""
    )


def rules(lab) -> list[tuple]:
    return lab.rows("select step, assign_rule from journey_event order by pos")


def test_contacts_around_an_order_are_the_orders_and_others_are_not(story):
    story.order(1001, 0, delivered=2 * D)
    story.call(-4 * D, "early").call(-2 * D, "before").call(D, "between").call(2 * D + 6 * D, "after").call(
        2 * D + 8 * D, "late"
    )
    lab = story.night()
    assert journeys(lab) == [
        ("episode", None, "wait talk"),
        ("order", "1001", "wait talk placed wait talk delivered wait talk"),
        ("episode", None, "wait talk"),
    ]
    assert Counter(rule for _, rule in rules(lab)) == {"order id": 2, "open order": 6, "gap": 4}


def test_the_window_around_an_order_is_configured(new_lab, web_line, epoch):
    story = Story(new_lab(SOURCES, STEPS, journeys={"before_order_days": 1, "after_order_days": 20}), web_line, epoch)
    story.order(1001, 0).call(-2 * D, "before").call(19 * D, "after")
    assert journeys(story.night()) == [("episode", None, "wait talk"), ("order", "1001", "placed wait talk")]


def test_a_session_that_names_an_order_goes_with_it_as_a_whole(story):
    story.order(1001, 0)
    story.page(20 * D, "/").page(20 * D + 60, "/orders/1001").page(20 * D + 120, "/p/9").page(20 * D + 3 * H, "/")
    lab = story.night()
    assert journeys(lab) == [("order", "1001", "placed home order_page product"), ("episode", None, "home")]
    assert rules(lab) == [
        ("placed", "order id"),
        ("home", "same contact"),
        ("order_page", "order id"),
        ("product", "same contact"),
        ("home", "gap"),
    ]


def test_a_call_that_becomes_an_order_is_the_orders(story, epoch):
    story.call(0, "1", wait=20, talk=300, queue="orders").order(1001, 200, call=f"{epoch}.1")
    lab = story.night()
    assert journeys(lab) == [("order", "1001", "wait talk placed")]
    assert [rule for _, rule in rules(lab)] == ["same contact", "same contact", "order id"]


def test_each_page_of_a_session_that_names_two_orders_goes_to_the_nearest(story):
    story.order(1001, 0).order(1002, 60)
    base = 30 * D
    story.page(base, "/orders/1001").page(base + 10, "/p/1").page(base + 200, "/p/2").page(
        base + 210, "/orders/1002"
    ).page(base + 220, "/p/3")
    lab = story.night()
    assert journeys(lab) == [
        ("order", "1001", "placed order_page product"),
        ("order", "1002", "placed product order_page product"),
    ]


def test_free_contacts_part_after_the_gap(story):
    story.call(0, "a").call(6 * D, "b").call(12 * D, "c").call(20 * D, "d")
    lab = story.night()
    assert journeys(lab) == [("episode", None, "wait talk wait talk wait talk"), ("episode", None, "wait talk")]
    assert lab.rows("select value from run_fact where name = 'gap_free_days'") == [("7",)]


def test_the_gap_counts_from_the_end_of_the_last_contact(story):
    story.call(0, "a", wait=0, talk=5 * H).call(7 * D + 4 * H, "b").call(14 * D + 4 * H + 200, "c")
    assert len(journeys(story.night())) == 2


def test_a_configured_gap(new_lab, web_line, epoch):
    story = Story(new_lab(SOURCES, STEPS, journeys={"gap_free_days": 2}), web_line, epoch)
    assert len(journeys(story.call(0, "a").call(3 * D, "b").call(4 * D, "c").night())) == 2


def test_two_orders_that_fit_alike_make_a_contact_ambiguous(story):
    story.order(1001, 0, delivered=2 * D, products=(1,)).order(1002, D, delivered=3 * D, products=(2,)).call(
        D + 12 * H, "x"
    )
    lab = story.night()
    assert lab.rows("select step, ambiguous from journey_event where ambiguous order by pos") == [
        ("wait", True),
        ("talk", True),
    ]
    assert lab.rows("select order_id, n_ambiguous from journey order by order_id") == [("1001", 0), ("1002", 2)], (
        "the later order on a tie"
    )
    assert lab.rows("select n from data_quality where measure = 'events with an ambiguous journey'") == [(2,)]


def test_the_product_of_a_page_decides_between_two_orders(story):
    story.order(1001, 0, delivered=2 * D, products=(1,)).order(1002, D, delivered=3 * D, products=(2,))
    story.page(0, "/orders/1001", cookie="c1")
    story.page(-12 * H, "/p/2").page(-9 * H, "/p/1")
    lab = story.night()
    assert lab.rows(
        """select j.order_id, e.step from journey_event as e inner join journey as j using (journey_id)
        where e.step = 'product' order by j.order_id"""
    ) == [("1001", "product"), ("1002", "product")]
    assert lab.rows("select count(*) from journey_event where ambiguous") == [(0,)]


def test_shopping_after_an_order_was_placed_is_the_next_need(story):
    story.order(1001, 0, products=(1,)).page(60, "/orders/1001")
    story.page(-5 * H, "/p/1").page(5 * H, "/p/1").call(6 * H, "help")
    assert journeys(story.night()) == [
        ("order", "1001", "product placed order_page wait talk"),
        ("episode", None, "product"),
    ]


def test_two_customers_never_share_a_journey(story):
    story.order(1001, 0).call(H, "a")
    story.order(1002, 0, customer=8)
    story.orders[1]["phone"] = "+49301234567"
    story.call(2 * H, "b", phone="030 1234567")
    lab = story.night()
    assert lab.rows("select count(distinct customer_id), count(*) from journey") == [(2, 2)]
    assert [j[2] for j in journeys(lab)] == ["placed wait talk"] * 2


def test_runs_of_a_browse_step_in_one_session_are_one(story):
    for i in range(5):
        story.page(60 * i, f"/p/{i}")
    story.page(400, "/").page(500, "/p/1").page(600, "/p/2").page(600 + 31 * 60, "/p/3")
    lab = story.night()
    assert lab.rows("select step, n_raw from journey_event order by pos") == [
        ("product", 5),
        ("home", 1),
        ("product", 2),
        ("product", 1),
    ]
    assert lab.rows("select n, of_n from data_quality where measure = 'steps taken together'") == [(5, 9)]
    assert lab.rows("select occurred_at, ended_at from journey_event order by pos")[0] == (
        ZERO,
        ZERO + dt.timedelta(seconds=240),
    )


def test_a_page_loaded_again_within_ten_seconds_is_one(story):
    story.page(0, "/pay", method="POST").page(9, "/pay", method="POST").page(25, "/pay", method="POST").page(
        35, "/pay", method="POST"
    )
    assert story.night().rows("select n_raw from journey_event order by pos") == [(2,), (1,), (1,)]


def test_a_step_recorded_twice_within_two_seconds_is_one_and_its_time_counts_once(story):
    """The real queue_log has six identical ENTERQUEUE lines: duplicates are dropped, so their minutes are no more."""
    story.call(0, "1", wait=30, talk=100)
    story.calls += [story.calls[0], story.calls[2], story.calls[2]]
    lab = story.night()
    assert lab.rows("select step, n_raw from journey_event order by pos") == [("wait", 2), ("talk", 3)]
    assert lab.rows("select wait_ms, handle_ms from journey_event where step = 'talk'") == [(30_000, 100_000)]
    assert lab.rows("select sum(engaged_ms) from event") == [(130_000,)]


def test_two_calls_at_once_are_two_steps(story):
    story.call(0, "1").call(1, "2")
    assert story.night().rows("select step, n_raw from journey_event where step = 'wait'") == [("wait", 1), ("wait", 1)]


def test_menu_steps_are_all_kept(story, epoch):
    lab = story.call(0, "1").lab
    row = (
        '"","01705634771","s","ivr","","SIP/1","","{}","x","2026-01-10 00:00:{:02d}",,"2026-01-10 00:00:{:02d}",{},0,'
        '"ANSWERED","DOCUMENTATION","{}.1"\n'
    )
    lab.put(
        "cdr",
        "Master.csv",
        row.format("Menu", 3, 4, 1, epoch) + row.format("Menu", 8, 9, 1, epoch) + row.format("Hours", 12, 13, 1, epoch),
    )
    story.night()
    assert lab.rows("select count(*) from journey_event where step = 'menu'") == [(3,)]


def test_no_minute_of_a_call_counts_twice(story, epoch):
    """The call's own record spans its waiting and its talk; all three are steps that the customer sees."""
    lab = story.call(30, "1", wait=60, talk=300).lab
    lab.put(
        "cdr",
        "Master.csv",
        f'"","{PHONE}","s","ivr","","SIP/1","","Queue","x","2026-01-10 00:00:00",,"2026-01-10 00:06:30",390,390,'
        f'"ANSWERED","DOCUMENTATION","{epoch}.1","","","{epoch + 30}.1",0\n',
    )
    story.night()
    assert lab.rows("select step, engaged_ms from event where visible order by occurred_at") == [
        ("menu", 30_000),
        ("wait", 60_000),
        ("talk", 300_000),
    ]
    assert lab.rows("select sum(engaged_ms) from event group by call_id") == [(390_000,)]


def test_engaged_time_of_pages_is_the_time_to_the_next_and_at_most_five_minutes(story):
    story.page(0, "/").page(40, "/p/1").page(100, "/").page(100 + 20 * 60, "/p/1")
    lab = story.night()
    times = lab.rows("select step, engaged_ms from event order by event_no")
    # the last page of a session counts the median of that step in all sessions: 60 s, the one time it had a successor
    assert times == [("home", 40_000), ("product", 60_000), ("home", 300_000), ("product", 60_000)]


def test_a_page_that_is_left_open_where_it_is_left_at_all_has_no_usual_time_of_its_own(story):
    """Its only known time is the most that counts: who went on came back to it. The usual time of pages is taken."""
    story.page(0, "/").page(40, "/p/1").page(40 + 20 * 60, "/").page(D, "/p/1")
    lab = story.night()
    times = lab.rows("select step, engaged_ms from event order by event_no")
    assert times == [("home", 40_000), ("product", 300_000), ("home", 40_000), ("product", 40_000)]


def test_hidden_steps_take_no_time_from_visible_ones(story):
    lab = story.call(0, "1", wait=45, talk=60).night()
    assert lab.rows("select step, engaged_ms from event order by event_no") == [
        ("wait", 45_000),
        ("ring", None),
        ("talk", 60_000),
    ]


def test_waiting_for_a_parcel_is_no_engaged_time(story):
    lab = story.order(1001, 0, delivered=3 * D).night()
    assert lab.rows("select sum(engaged_ms) from journey_event") == [(0,)]


def test_all_engaged_time_of_a_log_is_within_its_contacts(new_lab, web_line, epoch):
    """Per call the sum is at most the call's length, per session at most its length plus its last page."""
    import random

    rng = random.Random(4)
    story = Story(new_lab(SOURCES, STEPS), web_line, epoch)
    for i in range(40):
        at = rng.randrange(20 * D)
        story.call(
            at, str(i), wait=rng.randrange(0, 200), talk=rng.randrange(0, 900), phone=f"0170563{rng.randrange(10):04d}"
        )
        for _ in range(rng.randrange(6)):
            story.page(at + rng.randrange(2000), rng.choice(["/", "/p/1", "/p/2"]), cookie=f"c{rng.randrange(5)}")
    story.calls += rng.sample(story.calls, 15)
    lab = story.night()
    for n, length in lab.rows(
        """select sum(engaged_ms), date_diff('millisecond', min(occurred_at), max(coalesce(ended_at, occurred_at)))
        from event where call_id is not null group by call_id"""
    ):
        assert n <= length
    for n, length in lab.rows(
        """select sum(engaged_ms), date_diff('millisecond', min(occurred_at), max(occurred_at))
        from event where session_id is not null group by session_id"""
    ):
        assert 0 <= n <= length + 300_000
    assert lab.rows("select sum(engaged_ms) from journey_event") == lab.rows(
        "select sum(engaged_ms) from event where visible and customer_id is not null"
    )


def test_open_and_truncated_journeys_are_marked(story):
    story.call(0, "a").call(20 * D, "b").call(33 * D, "c")
    lab = story.night("2026-02-14")  # the night ends 36 days after zero
    assert lab.rows("select is_truncated, is_complete from journey order by journey_id") == [
        (True, True),
        (False, True),
        (False, False),
    ]


def test_what_happens_after_the_night_is_not_there_yet(story):
    story.call(0, "a").order(1001, D, delivered=5 * D).call(10 * D, "b")
    early = story.night("2026-01-12")
    assert journeys(early) == [("order", "1001", "wait talk placed")]
    assert early.rows("select value from run_fact where name in ('as_of', 'night_end') order by name") == [
        ("2026-01-12",),
        ("2026-01-13 00:00:00",),
    ]
    assert early.rows("select n from data_quality where measure = 'events after this night'") == [(4,)]
    early.derive("2026-02-01")
    assert [j[2] for j in journeys(early)] == ["wait talk placed delivered wait talk"]


def test_the_default_night_is_the_last_full_day_and_no_stray_date_of_the_future(story):
    for i in range(300):
        story.page(i * 600, "/p/1", cookie=f"c{i}")
    story.page(400 * D, "/p/1", cookie="future")
    lab = story.night()
    assert lab.rows("select value from run_fact where name = 'as_of'") == [("2026-01-12",)]
    assert lab.rows("select max(occurred_at) < timestamp '2026-01-13' from event") == [(True,)]


def test_a_journey_keeps_its_key_when_more_of_it_comes(story):
    story.order(1001, 0).call(20 * D, "a")
    lab = story.night()
    before = dict(lab.rows("select coalesce(order_id, 'free'), journey_key from journey"))
    story.call(H, "b").call(21 * D, "c")
    lab = story.night()
    assert dict(lab.rows("select coalesce(order_id, 'free'), journey_key from journey")) == before


def test_a_journeys_customer_is_in_one_part(story):
    story.order(1001, 0).call(30 * D, "a")
    assert story.night().rows("select count(distinct part) from journey group by customer_id") == [(1,)]
