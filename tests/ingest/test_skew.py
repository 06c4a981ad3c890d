"""Clocks of sources against one another: a planted skew is measured and named, only a declared one is corrected."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable
from itertools import pairwise
from zoneinfo import ZoneInfo

from ingest import audits

BERLIN = ZoneInfo("Europe/Berlin")
START = dt.datetime(2026, 3, 22, 9, tzinfo=dt.UTC)
"""A week before the clocks of Berlin change."""
N_DAYS, CALLS_A_DAY = 12, 8
MENU = {"step": "menu", "label": "Menu", "stage": "help", "channel": "ivr"}
STEPS = [
    {"step": "wait", "label": "Wait", "stage": "help", "channel": "ivr", "codes": {"calls": ["ENTERQUEUE *"]}},
    {"step": "talk", "label": "Talk", "stage": "help", "channel": "agent", "codes": {"calls": ["COMPLETE* *"]}},
]
Shift = Callable[[int], float | None]


def seconds_of(numbers: random.Random) -> Shift:
    return lambda _: numbers.randrange(50_000)


# source -> error of its clock by day (s; None: no call), its zone if not Berlin's, what is measured by day, verdict
PLANTED: dict[str, tuple[Shift, str, Shift | None, str]] = {
    "good": (lambda _: 0, "", lambda _: 0, "together"),
    "ahead": (lambda _: 90, "", lambda _: 90, "apart: one clock is wrong"),
    "behind": (lambda _: -90, "", lambda _: -90, "apart: one clock is wrong"),
    "hour": (
        lambda _: 0,
        "Europe/London",
        lambda _: 3600,
        "apart by whole half hours: probably a wrong timezone, in site.toml or on the server",
    ),
    "india": (
        lambda day: -3600 * (day >= 7),  # its zone has no summer time, and its server kept up with Berlin
        "Asia/Kolkata",
        lambda _: -16_200,
        "apart by whole half hours: probably a wrong timezone, in site.toml or on the server",
    ),
    "drift": (lambda day: 12 * day, "", lambda day: 12 * day, "apart: one clock drifts by about 12 s a day"),
    "step": (lambda day: 120 * (day >= 6), "", lambda day: 120 * (day >= 6), "apart: one clock was set on 2026-03-28"),
    "winter": (
        lambda _: 0,
        "Etc/GMT-1",
        lambda day: 3600 * (day >= 7),
        "apart by whole half hours from 2026-03-29: one clock changes to summer time and the other does not; "
        "check both timezones",
    ),
    "few": (lambda day: 500 if day < 2 else None, "", None, "not enough data"),
    "scattered": (
        seconds_of(random.Random(1)),
        "",
        None,
        "cannot tell: the two do not write down the same moment",
    ),
}


def call_lab(new_lab, shifts: dict[str, Shift], n_days: int = N_DAYS, **options):
    """Calls as a queue log has them, and as call records of servers whose clocks are ahead by `shift(day)` seconds.

    A call: menu at 0 s, queue at 20 s, agent at 40 s, end at 100 s; the two write its end down up to a second apart.
    """
    records = {name: {"adapter": "asterisk_cdr", "timezone": "Europe/Berlin"} | options for name in shifts}
    steps = [MENU | {"codes": {name: ["*"] for name in shifts}}, *STEPS]
    lab = new_lab({"calls": "asterisk_queue_log"} | records, steps)
    rng, lines = random.Random(4), {name: [] for name in ("calls", *shifts)}
    for number in range(n_days * CALLS_A_DAY):
        day = number // CALLS_A_DAY
        begin = START + dt.timedelta(days=day, minutes=30 * (number % CALLS_A_DAY) + rng.randrange(20))
        epoch, phone = int(begin.timestamp()), f"0170563{number:04d}"
        lines["calls"].append(f"{epoch + 20}|c{number}|q|NONE|ENTERQUEUE||{phone}|1\n")
        lines["calls"].append(f"{epoch + 100}|c{number}|q|A|COMPLETECALLER|20|60|1\n")
        for name, shift in shifts.items():
            if shift(day) is None:
                continue
            ahead = dt.timedelta(seconds=shift(day) + rng.randrange(2))
            first, last = ((begin + ahead + dt.timedelta(seconds=s)).astimezone(BERLIN) for s in (0, 100))
            times = f'"{first:%F %T}","","{last:%F %T}",100,80'
            lines[name].append(f'"","{phone}","s","in","","S","","Queue","q",{times},"ANSWERED","D","","c{number}",0\n')
    for name, written in lines.items():
        lab.put(name, "log", "".join(written))
    return lab


def skews(lab) -> dict[str, dict]:
    """What is known of each source's clock against that of `calls`, by source."""
    return {
        row["source"]: row
        for row in lab.records(
            """select a.name as source, k.* from clock_skew as k inner join source as a on a.source_id = id_a
            inner join source as b on b.source_id = id_b
            where b.name = 'calls' and moment = 'the end of a call'"""
        )
    }


def test_a_planted_skew_is_measured_by_day_and_named(new_lab):
    lab = call_lab(new_lab, {name: shift for name, (shift, *_) in PLANTED.items()})
    for name, (_, zone, *_) in PLANTED.items():
        lab.sources[name]["timezone"] = zone or "Europe/Berlin"
    lab.write_configuration()
    lab.night("2026-05-01")
    found = skews(lab)
    assert {name: row["verdict"] for name, row in found.items()} == {name: row[3] for name, row in PLANTED.items()}
    for name, (_, _, expected, verdict) in PLANTED.items():
        row = found[name]
        assert row["is_apart"] == verdict.startswith("apart")
        if expected is None:
            assert not row["is_best"]
            continue
        medians = lab.rows(
            f"select ahead_ms, n from clock_skew_day where id_a = {row['id_a']} and id_b = {row['id_b']} order by day"
        )
        assert [n for _, n in medians] == [CALLS_A_DAY] * N_DAYS
        for day, (ahead_ms, _) in enumerate(medians):
            assert 0 <= ahead_ms - 1000 * expected(day) <= 1000, (name, day)
        assert min(medians)[0] <= row["ahead_ms"] <= max(medians)[0] and row["spread_ms"] <= 13_000


def warnings(lab) -> list[str]:
    """What the audit of the clocks says."""
    return [found.message for found in audits.run(lab.site, lab.store) if found.audit == "clock_skew"]


def test_clocks_that_are_together_warn_of_nothing(new_lab):
    lab = call_lab(new_lab, {"cdr": lambda _: 0}, n_days=3)
    lab.night("2026-05-01")
    assert skews(lab)["cdr"]["verdict"] == "together"
    assert lab.rows("from clock_turned") == [] and warnings(lab) == []
    (row,) = lab.rows("select source, n from data_quality where measure = 'clock ahead of calls, in seconds'")
    assert row[0] == "cdr" and row[1] <= 1


def test_what_the_skew_turns_round_is_counted_and_warned_of(new_lab):
    lab = call_lab(new_lab, {"cdr": lambda _: 90}, n_days=4)
    lab.night("2026-05-01")
    journeys: dict[int, list] = {}
    for journey_id, source, at in lab.rows(
        """select j.journey_id, s.name, e.occurred_at from journey_event as j inner join event as e using (event_no)
        inner join source as s using (source_id) order by j.pos"""
    ):
        journeys.setdefault(journey_id, []).append((source, at))
    moves = [(a, b) for journey in journeys.values() for a, b in pairwise(journey) if a[0] != b[0]]
    ahead = dt.timedelta(milliseconds=skews(lab)["cdr"]["ahead_ms"])
    turned = [(a, b) for a, b in moves if b[0] == "cdr" and b[1] - a[1] <= ahead]
    assert len(turned) == 4 * CALLS_A_DAY, "every call is told with its menu after its agent"
    assert lab.rows("select n_moves, n_turned from clock_turned") == [(len(moves), len(turned))]
    (warning,) = warnings(lab)
    assert warning.startswith(
        "cdr: its clock is 91 s ahead of that of calls (apart: one clock is wrong): 32 of 32 moves"
    )
    assert "clock_offset_s" in warning
    (note,) = lab.rows("select note from data_quality where measure like 'clock ahead%'")
    assert note[0].startswith("apart: one clock is wrong; median of 32 times of the end of a call")
    assert note[0].endswith("; 32 of 32 moves between the two lie within that: their order may be wrong")


def test_a_declared_correction_is_applied_to_all_and_stated(new_lab):
    """Declared today, it holds for what was loaded before; each call's menu is again 20 seconds before its queue."""
    wrong, late = (call_lab(new_lab, {"cdr": lambda _: 90}, n_days=3, clock_offset_s=n) for n in (-90, 0))
    late.night("2026-05-01")
    late.sources["cdr"]["clock_offset_s"] = -90
    late.write_configuration()
    for lab in (wrong, late):
        lab.night("2026-05-01")
    query = "select occurred_at, ended_at, step, time_rule from event order by event_no"
    assert wrong.rows(query) == late.rows(query)
    assert {(step, rule) for _, _, step, rule in wrong.rows(query)} == {
        ("menu", "zone, corrected by -90 s"),
        ("wait", None),
        ("talk", None),
    }
    gaps = wrong.rows(
        """select epoch(q.occurred_at - m.occurred_at), epoch(m.ended_at - m.occurred_at)
        from event as m inner join event as q using (call_id) where m.step = 'menu' and q.step = 'wait'"""
    )
    assert (
        len(gaps) == 3 * CALLS_A_DAY
        and {gap for gap, _ in gaps} <= {19, 20}
        and {length for _, length in gaps} == {100}
    )
    assert skews(wrong)["cdr"]["verdict"] == "together"
    assert wrong.rows("select source, n from data_quality where measure = 'times: corrected by -90 s'") == [
        ("cdr", 3 * CALLS_A_DAY)
    ]


def test_a_correction_may_hold_for_some_days_only(new_lab):
    """A clock that was put right on 28 March: the days of the correction are the source's own, ends included."""
    some_days = {"clock_offset_from": dt.date(2026, 3, 23), "clock_offset_until": dt.date(2026, 3, 27)}
    lab = call_lab(new_lab, {"cdr": lambda day: 120.5 * (1 <= day < 6)}, n_days=8, clock_offset_s=-120, **some_days)
    lab.night("2026-05-01")
    assert skews(lab)["cdr"]["verdict"] == "together"
    assert lab.rows(
        """select min(cast(occurred_at as date)), max(cast(occurred_at as date)), time_rule, count(*) from event
        where step = 'menu' group by time_rule order by time_rule"""
    ) == [
        (dt.date(2026, 3, 22), dt.date(2026, 3, 29), "zone", 3 * CALLS_A_DAY),
        (dt.date(2026, 3, 23), dt.date(2026, 3, 27), "zone, corrected by -120 s", 5 * CALLS_A_DAY),
    ]


def test_web_pages_and_orders_are_compared_by_the_orders_they_name(new_lab, web_line):
    steps = [
        {
            "step": "thanks",
            "label": "Thanks",
            "stage": "order",
            "channel": "web",
            "codes": {"web": ["GET /thanks/{order}"]},
        },
        {"step": "placed", "label": "Placed", "stage": "order", "channel": "order", "codes": {"shop": ["created *"]}},
        {
            "step": "track",
            "label": "Track",
            "stage": "receive",
            "channel": "web",
            "codes": {"web": ["GET /track/{order}"]},
        },
    ]
    lab = new_lab({"web": "nginx_combined", "shop": "shopify_orders_json"}, steps)
    pages, orders = [], []
    for number in range(30):
        at = 7200 * number
        moment = (dt.datetime(2026, 1, 10) + dt.timedelta(seconds=at + 45)).isoformat() + "Z"
        orders.append({"id": number, "order_number": 100 + number, "created_at": moment, "updated_at": moment})
        if number % 3:  # the others are by phone, and only tracked
            pages.append(web_line(at + 3, f"/thanks/{100 + number}", ip=f"192.0.2.{number}"))
        pages.append(web_line(at + 5000 + 60 * number, f"/track/{100 + number}", ip=f"192.0.2.{number}"))
    lab.put("web", "a.log", "".join(pages))
    lab.put("shop", "o.json", "".join(json.dumps(order) + "\n" for order in orders))
    lab.night("2026-02-01")
    (row,) = lab.records("from clock_skew where moment = 'the placing of an order'")
    assert (row["n"], row["ahead_ms"], row["spread_ms"], row["is_apart"]) == (20, 42_000, 0, True)
    assert lab.rows("select n_moves, n_turned from clock_turned") == [(50, 20)]


def test_a_quiet_day_of_slow_dealings_is_no_wrong_clock(new_lab, web_line):
    """An order in five is placed minutes after its page, its payment being refused at first; some days have mostly
    such."""
    steps = [
        {"step": step, "label": step, "stage": "order", "channel": channel, "codes": {source: [code]}}
        for step, channel, source, code in (
            ("thanks", "web", "web", "GET /thanks/{order}"),
            ("placed", "order", "shop", "created *"),
        )
    ]
    lab = new_lab({"web": "nginx_combined", "shop": "shopify_orders_json"}, steps)
    rng, pages, orders = random.Random(5), [], []
    for number in range(300):
        at = 86_400 * (number // 5) + 3600 * (number % 5)
        late = rng.randrange(100, 900) if rng.random() < 0.2 else 2
        moment = (dt.datetime(2026, 1, 10) + dt.timedelta(seconds=at + late)).isoformat() + "Z"
        orders.append({"id": number, "order_number": 100 + number, "created_at": moment, "updated_at": moment})
        pages.append(web_line(at, f"/thanks/{100 + number}", ip=f"192.0.2.{number % 250}"))
    lab.put("web", "a.log", "".join(pages))
    lab.put("shop", "o.json", "".join(json.dumps(order) + "\n" for order in orders))
    lab.night("2026-04-01")
    (row,) = lab.records("from clock_skew where moment = 'the placing of an order'")
    assert lab.rows("select max(ahead_ms) from clock_skew_day")[0][0] > 100_000, "a day whose median is late"
    assert (row["ahead_ms"], row["verdict"], row["is_apart"]) == (2_000, "together", False)
