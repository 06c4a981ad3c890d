"""The time page: where customers' days go, on their own clock, and which journeys wait longest for their goods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from mining.night_figures import GOODS
from reports import formats
from reports.figures import Figures
from reports.plots import Bin, histogram, scale, share_bar, tick_text
from reports.view import Report

MOST_STEPS = 30
MOST_GROUPS = 12
DAY_MS = 86_400_000

_GAPS = """with moved as (
    select step, department, journey_id, lag(journey_id) over () as journey_before, customer_id,
        greatest(0, epoch_us(occurred_at) - lag(epoch_us(coalesce(ended_at, occurred_at))) over ()) // 1000 as gap_ms
    from journey_event),
gap as (select step, department, customer_id, gap_ms from moved where journey_id = journey_before)"""
"""The time before each event, from the end of the one before it in the same journey: the map's clock."""

_TIMES = f"""{_GAPS}
select grouping(gap.step) = 1 as is_lane, gap.step::varchar as step,
    coalesce(gap.department::varchar, 'Customer') as lane, count(*) as n,
    count(distinct gap.customer_id) as n_customers, sum(gap.gap_ms)::hugeint as sum_ms,
    quantile_disc(gap.gap_ms, [0.5, 0.9]) as gap_ms
from gap group by grouping sets ((gap.step), (gap.department)) order by sum_ms desc, step, lane"""
"""Both by step and by lane in one pass."""

_WAITS = """select touch.step, touch.label, coalesce(touch.department::varchar, 'Customer') as lane,
    waiting.wait_median_ms, waiting.wait_p90_ms
from touch left join waiting_times as waiting on waiting.step::varchar = touch.step"""

_GOODS = f"""create or replace temporary table goods as
select ordered.journey_id, ordered.goods_at, ordered.ms as wait_ms, journey.customer_id
from ({GOODS}) as ordered inner join journey using (journey_id)"""
"""Grain: one row per journey whose goods came."""

_GROUPS = """with told as materialized (
    select goods.journey_id, any_value(goods.customer_id) as customer_id, any_value(goods.wait_ms) as wait_ms,
        bool_or(moment.class::varchar = 'contact') as is_call,
        arg_min(moment.stage::varchar, moment.pos) as first_stage,
        arg_min(moment.channel::varchar, moment.pos) as first_channel,
        list(distinct moment.step::varchar) filter (
            moment.step::varchar in (select step from touch where reactive or bad)) as troubles
    from goods inner join journey_event as moment on moment.journey_id = goods.journey_id
    where moment.occurred_at <= goods.goods_at group by goods.journey_id),
member as (
    select 'Began by' as head, first_channel as name, customer_id, wait_ms from told
    union all select 'Began at stage', first_stage, customer_id, wait_ms from told
    union all select 'Before the goods', case when is_call then 'a call' else 'no call' end, customer_id, wait_ms
    from told
    union all
    select 'Met', touch.label, hit.customer_id, hit.wait_ms
    from (select customer_id, wait_ms, unnest(troubles) as step from told) as hit inner join touch using (step)
    union all select 'Met', 'nothing that went wrong', customer_id, wait_ms from told where troubles is null)
select head, name, count(*) as n, quantile_disc(wait_ms, [0.5, 0.9]) as times
from member group by head, name having count(distinct customer_id) >= $k
order by times[1] desc, n desc, head, name limit $most"""
"""Orders and their goods, with what they met until the goods came: what comes later can't make them wait longer."""


@dataclass(frozen=True, slots=True)
class Goods:
    """From order to goods: a chart and who waits longest; `rows` are tuples of cells."""

    title: str
    note: str
    chart: Markup
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class TimeView:
    """What the page shows. `lanes`: (cells, bar)."""

    headline: str
    lede: str
    lanes: tuple[tuple[tuple[str, ...], Markup], ...]
    goods: Goods | None
    steps: tuple[tuple[str, ...], ...]
    steps_note: str


def build(figures: Figures, report: Report) -> TimeView:
    """Read and word the times."""
    times = figures.store.records(_TIMES)
    lanes = [row for row in times if row["is_lane"]]
    total = sum(int(row["sum_ms"]) for row in lanes)
    goods = _goods(figures)
    touches = {row["step"]: row for row in figures.store.records(_WAITS)}
    steps = [row for row in times if row["step"] in touches and row["n_customers"] >= figures.k][:MOST_STEPS]
    n_steps = len(report.steps)
    return TimeView(
        headline=_headline(lanes, total, goods),
        lede="Time between the end of one step and the start of the next, as customers live it: nights and weekends "
        "count. It is put down to the lane of the step that they waited for."
        if total
        else "No journey has two steps with time between them yet.",
        lanes=tuple(_lane(row, total, figures.k) for row in lanes) if total else (),
        goods=goods,
        steps=tuple(_step(row, touches[row["step"]]) for row in steps),
        steps_note=_steps_note(len(steps), n_steps, figures.k),
    )


def _headline(lanes: list[dict[str, Any]], total: int, goods: Goods | None) -> str:
    if goods:
        return goods.title
    if total:
        return f"Most of the time passes before steps of {lanes[0]['lane']}"
    return "There are no times to tell yet"


def _lane(row: dict[str, Any], total: int, k: int) -> tuple[tuple[str, ...], Markup]:
    if row["n_customers"] < k:
        return (row["lane"], formats.small_count(row["n"], k, row["n_customers"]), *[formats.NONE] * 3), share_bar(0)
    share = int(row["sum_ms"]) / total
    spans = (formats.duration(ms) for ms in row["gap_ms"])
    return (row["lane"], formats.count(row["n"]), formats.share(share), *spans), share_bar(share)


def _step(row: dict[str, Any], touch: dict[str, Any]) -> tuple[str, ...]:
    spans = (*row["gap_ms"], touch["wait_median_ms"], touch["wait_p90_ms"])
    return (touch["label"], touch["lane"], formats.count(row["n"]), *(formats.duration(ms) for ms in spans))


def _steps_note(n_shown: int, n_steps: int, k: int) -> str:
    if n_shown >= n_steps:
        return ""
    left = formats.plural(n_steps - n_shown, "step")
    if n_shown == MOST_STEPS:
        return f"Not listed: {left} that take less of the customers' days; the map page lists all."
    return f"Not listed: {left} before which fewer than {k} customers waited."


def _goods(figures: Figures) -> Goods | None:
    figures.store.run(_GOODS, name="goods")
    row = figures.store.rows(
        """select count(*), count(distinct customer_id), quantile_disc(wait_ms, [0.5, 0.9, 0.99])
        from goods"""
    )[0]
    n, n_customers, quantiles = row
    if n_customers < figures.k:
        return None
    median, p90, p99 = (value / DAY_MS for value in quantiles)
    ticks = scale(0, max(p99, 1 / 24), 24)
    width, end = ticks[1], ticks[-1]
    counts = dict(
        figures.store.rows(
            """select least(wait_ms // $width, $last)::integer as bin,
            case when count(distinct customer_id) >= $k then count(*) end from goods group by bin""",
            {"width": round(width * DAY_MS), "last": len(ticks) - 1, "k": figures.k},
        )
    )
    bins = [Bin(low, low + width, counts.get(i)) for i, low in enumerate(ticks[:-1])]
    later = counts.pop(len(ticks) - 1, 0)
    told = sum(value for value in counts.values() if value)
    n_left = n - told - (later or 0)
    note = f"{formats.count(n)} journeys with an order and its goods, by days from one to the other."
    if later:
        note += f" {formats.count(later)} took more than {tick_text(end)} days."
    if n_left:
        note += (
            f" {formats.small_count(n_left, figures.k)} stand in bars of fewer than {figures.k} customers, not drawn."
        )
    rows = figures.store.rows(_GROUPS, {"k": figures.k, "most": MOST_GROUPS})
    return Goods(
        title=f"Half of the orders reach the customer within {_days(median)}, nine of ten within {_days(p90)}",
        note=note,
        chart=histogram(bins, "Orders by days from order to goods", "d", median),
        rows=tuple(
            (f"{head}: {name}", formats.count(count), *(formats.duration(ms) for ms in times))
            for head, name, count, times in rows
        ),
    )


def _days(days: float) -> str:
    value, unit = formats.duration_parts(days * DAY_MS)
    return f"{value}{formats.THIN}{({'d': 'days', 'h': 'hours', 'min': 'minutes', 's': 'seconds'}).get(unit, unit)}"
