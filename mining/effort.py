"""Customer effort: the minutes of customers' lives that a journey takes, as a sum of stated parts (mining/effort.sql).

Nothing is weighted and nothing is hidden: each minute is in exactly one part, the parts add up to the whole, and what
no log tells (reading a message, finding one's way in another channel) is stated in site.toml and counted apart from
what is measured. Waiting for the organisation is not effort: it is told beside, in days. The parts rest on the minutes
that findings use (`engaged_ms`, method note 0.5), so that a finding's minutes and a journey's are the same minutes.

Counted are journeys that are over, seen from their start and told by all their sources; with an order, where there are
any.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.language import mark
from ingest.store import Store
from mining.context import Context
from mining.statistics import normal_quantile

_FOLDER = Path(__file__).parent
_NO_REQUEST = """create or replace temporary table request (
    journey_id uinteger, pos uinteger, item varchar, step varchar, step_before varchar, is_again boolean)"""
PARTS = {
    "web": mark("On the website"),
    "last": mark("On the last page of a visit"),
    "menu": mark("In the phone menu"),
    "wait": mark("Waiting on the line"),
    "talk": mark("Talking on the phone"),
    "visit": mark("In chats and shops"),
    "again": mark("Giving data again"),
    "switch": mark("Changing the channel"),
    "reading": mark("Reading messages"),
    "untimed": mark("Steps that no log times"),
}
"""The parts of the effort, in words, in the order of the page; `NAME_ms` is a column of `journey_effort`."""
NEEDS = {
    "return": mark("Sends something back"),
    "change": mark("Changes or cancels the order"),
    "question": mark("Asks a question"),
    "order": mark("Orders, and no more"),
    "begun": mark("Begins an order without placing it"),
    "look": mark("Looks around"),
}
"""What customers came for, in words, in the order of the first that holds."""
TENTHS = 10
_SUMS = """
    with customer as (
        select customer_id, count(*)::hugeint as n, sum(effort_ms)::hugeint as x,
            coalesce(sum(effort_ms - $least) filter (tenth = 10), 0)::hugeint as a
        from journey_effort where {condition} group by customer_id)
    select count(*), coalesce(sum(n), 0)::hugeint, coalesce(sum(x), 0)::hugeint, coalesce(sum(n * n), 0)::hugeint,
        coalesce(sum(n * x), 0)::hugeint, coalesce(sum(x * x), 0)::hugeint, coalesce(sum(a * n), 0)::hugeint,
        coalesce(sum(a * x), 0)::hugeint, coalesce(sum(a * a), 0)::hugeint
    from customer"""


def build(store: Store, context: Context) -> None:
    """Make `journey_effort` and `effort_driver` anew, of the prepared population."""
    if any(touch.asks for touch in context.touch.values()):
        store.run((_FOLDER / "requests.sql").read_text(encoding="utf-8"), name="requests")
    else:
        store.run(_NO_REQUEST, name="requests")
    items = sorted(context.ask_min)
    minutes = pa.array([round(60_000 * context.ask_min[item]) for item in items], pa.int64())
    store.put("ask_minute", pa.table({"item": pa.array(items, pa.string()), "ms": minutes}))
    has_orders = bool(store.value("select count(*) > 0 from population where anchor = 'order'"))
    channels = ", ".join(f"'{channel}'" for channel in context.method.message_channels)
    for name, value in (
        ("effort_switch_ms", f"{round(60_000 * context.method.switch_min)}::bigint"),
        ("effort_reading_ms", f"{round(60_000 * context.method.reading_min)}::bigint"),
        ("effort_messages", f"[{channels}]::varchar[]"),
        ("effort_of_orders", str(has_orders).lower()),
    ):
        store.run(f"set variable {name} = {value}", name=name)
    store.run((_FOLDER / "effort.sql").read_text(encoding="utf-8"), name="effort")
    store.drop("ask_minute")
    for table in ("effort_switch", "effort_again", "effort_moment", "request"):
        store.run(f"drop table {table}", name=table)


@dataclass(frozen=True)
class Mean:
    """Mean effort of journeys, ms, with its 95 % interval (None of one customer alone)."""

    journeys: int
    customers: int
    value: float
    low: float | None
    high: float | None


def mean(store: Store, condition: str = "is_counted", params: Mapping[str, Any] | None = None) -> Mean | None:
    """Mean effort of the journeys that meet `condition`, a constant of the caller; None where there is none.

    Interval by linearisation of the ratio of sums, customers as clusters; sums are integers, hence exact.
    """
    clusters, n, x, nn, nx, xx, *_ = _sums(store, condition, 0, params)
    if not n:
        return None
    value = x / n
    if clusters < 2:
        return Mean(n, clusters, value, None, None)
    spread = max(0.0, xx - 2 * value * nx + value * value * nn) * clusters / (clusters - 1)
    half = normal_quantile(0.975) * math.sqrt(spread) / n
    return Mean(n, clusters, value, max(0.0, value - half), value + half)


@dataclass(frozen=True)
class TopShare:
    """The share of all effort that the tenth of the journeys with most of it takes, with its 95 % interval."""

    journeys: int
    value: float
    low: float
    high: float


def top_share(store: Store) -> TopShare | None:
    """The share borne by the top tenth; None where there is no effort, or one customer alone.

    With q = the least effort of the top tenth, p = its part of the n journeys, s = the share and m = the mean effort,
    a journey of effort x moves the share by ((x - q) [in the top] + q p - s x) / (n m): the linearisation of a quantile
    share (Langel and Tillé 2011, J. R. Stat. Soc. A 174, equation 12, for one share). Summed by customer.
    """
    least, n_top = store.rows("select min(effort_ms), count(*) from journey_effort where tenth = 10")[0]
    if least is None:
        return None
    clusters, n, x, nn, nx, xx, an, ax, aa = _sums(store, "is_counted", int(least), None)
    if clusters < 2 or not x:
        return None
    top = int(store.value("select sum(effort_ms)::hugeint from journey_effort where tenth = 10"))
    share, base = top / x, int(least) * n_top / n
    spread = aa + base * base * nn + share * share * xx + 2 * base * an - 2 * share * ax - 2 * base * share * nx
    half = normal_quantile(0.975) * math.sqrt(max(0.0, spread) * clusters / (clusters - 1)) / x
    return TopShare(n_top, share, max(0.0, share - half), min(1.0, share + half))


def _sums(store: Store, condition: str, least: int, params: Mapping[str, Any] | None) -> tuple[int, ...]:
    row = store.rows(_SUMS.format(condition=condition), {"least": least, **(params or {})})[0]
    return tuple(int(value) for value in row)
