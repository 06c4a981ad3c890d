"""The calls of the last full weeks, as columns: who called for what, waited how long, and whether somebody answered.

SQL reads and joins (calls.sql); what comes here is one row per call, of at most `WEEKS_MOST` weeks.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest.store import Store, literal
from mining.context import Context
from mining.whatif.scenarios import Scenario

_SQL = Path(__file__).parent / "calls.sql"
FIT_WEEKS, TEST_WEEKS = 8, 4
WEEKS_MOST = FIT_WEEKS + TEST_WEEKS
WEEKS_MIN = 8
WEEK_S, DAY_S, SLOT_S = 7 * 86_400, 86_400, 1_800
SLOTS = WEEK_S // SLOT_S
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Calls:
    """Columns, one value per leg, by `at_s` (seconds from Monday, 0:00, of the first week). `call` numbers calls."""

    stations: tuple[str, ...]
    weeks: int
    station: Ints
    leg: Ints
    n_legs: Ints
    is_served: Bools
    customer: Ints
    call: Ints
    at_s: Floats
    wait_s: Floats
    talk_s: Floats
    after_s: Floats
    menu_s: Floats

    @property
    def n(self) -> int:
        """Legs."""
        return len(self.at_s)

    @property
    def n_calls(self) -> int:
        """Calls: legs that began one."""
        return int((self.leg == 1).sum())

    def chosen(self, rows: Bools) -> Calls:
        """Only some rows."""
        return Calls(self.stations, self.weeks, *(getattr(self, name)[rows] for name in COLUMNS))

    def between(self, first_week: int, last_week: int) -> Calls:
        """The legs of the weeks [first, last), with time from the first of them."""
        rows = (self.at_s >= first_week * WEEK_S) & (self.at_s < last_week * WEEK_S)
        part = self.chosen(rows)
        moved = {name: getattr(part, name) for name in COLUMNS} | {"at_s": part.at_s - first_week * WEEK_S}
        return Calls(self.stations, last_week - first_week, **moved)


COLUMNS = ("station", "leg", "n_legs", "is_served", "customer", "call", "at_s", "wait_s", "talk_s", "after_s", "menu_s")


@dataclass(frozen=True)
class Logins:
    """When agents come and go: station, seconds, +1 or -1."""

    station: Ints
    at_s: Floats
    n: Ints


@dataclass(frozen=True)
class Reading:
    """What the log gives. `left_out`: queues with too few calls, and how many calls these are."""

    calls: Calls
    logins: Logins
    first_day: dt.date
    n_read: int
    left_out: tuple[str, ...]
    orders_per_week: float
    digest: str


def read(store: Store, context: Context, cell_min: int) -> Reading:
    """The last full weeks, at most WEEKS_MOST. Queues with fewer calls than `cell_min` are left out and named."""
    first, last = weeks_of(context)
    margin = dt.timedelta(days=1)
    for name, value in (
        ("week_from", f"timestamp '{first}'"),
        ("week_to", f"timestamp '{last}'"),
        ("read_from", f"timestamp '{first - margin}'"),
        ("read_to", f"timestamp '{last + margin}'"),
        ("timezone", literal(context.timezone)),
    ):
        store.run(f"set variable {name} = {value}", name=name)
    store.run(_SQL.read_text(encoding="utf-8"), name="whatif_call")
    rows = store.arrow("select * from whatif_call order by at_s, call_no, leg_no")
    logins = store.arrow("select * from whatif_login order by at_s, intent, n desc")
    orders = store.value(
        """select count(*) from journey where anchor = 'order' and started_at >= getvariable('week_from')
        and started_at < getvariable('week_to')"""
    )
    weeks = (last - first).days // 7
    intents = np.array(rows["intent"].to_pylist(), dtype=object)
    counts = Counter(str(one) for one in intents)
    kept = tuple(name for name in sorted(counts) if counts[name] >= cell_min)
    left = tuple(name for name in sorted(counts) if counts[name] < cell_min)
    number = {name: place for place, name in enumerate(kept)}
    station = np.array([number.get(str(one), -1) for one in intents], np.int64)
    column = {name: np.asarray(rows[name].to_numpy(zero_copy_only=False)) for name in rows.column_names}
    everything = Calls(
        kept, weeks, station, column["leg_no"].astype(np.int64), column["n_legs"].astype(np.int64),
        column["is_served"].astype(bool), by_first_call(column["customer"]), column["call_no"].astype(np.int64),
        *(column[name].astype(float) for name in ("at_s", "wait_s", "talk_s", "after_s", "menu_s")),
    )  # fmt: skip
    place = np.array([number.get(str(one), -1) for one in logins["intent"].to_pylist()], np.int64)
    told = place >= 0
    came = Logins(
        place[told],
        np.asarray(logins["at_s"].to_numpy(zero_copy_only=False), float)[told],
        np.asarray(logins["n"].to_numpy(zero_copy_only=False), np.int64)[told],
    )
    calls = everything.chosen(station >= 0)
    for table in ("whatif_call", "whatif_login"):
        store.run(f"drop table {table}", name=table)
    return Reading(
        calls, came, first, everything.n_calls, left, float(orders or 0) / max(1, weeks), digest_of(calls, came)
    )


def by_first_call(customer: Ints) -> Ints:
    """Customers numbered by their first call, from 0, below 0 who is known by nothing. The warehouse's numbers hang on
    the site's key, and the bootstrap draws customers in order of their number: the same log would tell other forecasts.
    """
    _, first, inverse = np.unique(customer.astype(np.int64), return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    number = rank[inverse.reshape(-1)]
    return np.where(customer >= 0, number, -1 - number)


def weeks_of(context: Context) -> tuple[dt.date, dt.date]:
    """[Monday, Monday) of the last full weeks of the window."""
    last = context.window_to - dt.timedelta(days=context.window_to.weekday())
    whole_from = context.window_from + dt.timedelta(days=-context.window_from.weekday() % 7)
    return max(whole_from, last - dt.timedelta(weeks=WEEKS_MOST)), max(whole_from, last)


def digest_of(calls: Calls, logins: Logins) -> str:
    """What these data are known by; customers by the order of their first call, not by number, which moves."""
    told = hashlib.sha256(repr((calls.stations, calls.weeks)).encode())
    _, first, customer = np.unique(calls.customer, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    columns = [getattr(calls, name) for name in COLUMNS if name not in ("customer", "call")]
    for column in (*columns, rank[customer] if len(first) else customer, logins.station, logins.at_s, logins.n):
        told.update(np.ascontiguousarray(column).tobytes())
    return told.hexdigest()[:16]


_ORDERS_OF = """
select count(*) from journey
where anchor = 'order' and started_at >= getvariable('week_from') and started_at < getvariable('week_to')
    and customer_id in (
        select customer_id from event
        where intent = $line and call_id is not null and visible and wait_ms is not null and customer_id is not null
            and occurred_at >= getvariable('week_from') and occurred_at < getvariable('week_to'))"""


def orders_of(store: Store, line: str, weeks: int) -> float:
    """Orders a week of the customers who called a line in these weeks, `weeks` of them (after `read`)."""
    return round(float(store.value(_ORDERS_OF, {"line": line}) or 0) / max(1, weeks), 6)


_AFTER_PAGE = """
with called as (
    select customer_id, event_no, occurred_at from event
    where intent = $queue and call_id is not null and visible and wait_ms is not null and customer_id is not null
        and occurred_at >= getvariable('week_from') and occurred_at < getvariable('week_to')),
seen as (
    select customer_id, occurred_at from event
    where visible and channel = 'web' and customer_id is not null
        and (step::varchar = $step or product_id = $product)),
near as (
    select called.event_no,
        bool_or(seen.occurred_at < called.occurred_at and seen.occurred_at >= called.occurred_at - interval 1 day) as b,
        bool_or(seen.occurred_at > called.occurred_at and seen.occurred_at <= called.occurred_at + interval 1 day) as a
    from called left join seen on called.customer_id = seen.customer_id
        and seen.occurred_at between called.occurred_at - interval 1 day and called.occurred_at + interval 1 day
    group by called.event_no)
select coalesce(avg(coalesce(b, false)::integer), 0) - coalesce(avg(coalesce(a, false)::integer), 0) from near"""
"""Calls with a view of the page in the day before, less those with one in the day after, as a share of all."""


def page_share(store: Store, scenario: Scenario) -> float:
    """Of the needs of the scenario's queue, those that follow its page beyond chance; 0 where it has none."""
    page = scenario.change.page
    if page is None:
        return 0.0
    params = {"queue": page.calls, "step": page.step or "", "product": page.product or ""}
    return round(max(0.0, float(store.value(_AFTER_PAGE, params) or 0.0)), 6)
