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

_LANES = f"""{_GAPS}
select coalesce(department::varchar, 'Customer') as lane, count(*) as n, count(distinct customer_id) as n_customers,
    sum(gap_ms)::hugeint as sum_ms, quantile_disc(gap_ms, [0.5, 0.9]) as gap_ms
from gap group by lane order by sum_ms desc, lane"""

_STEPS = f"""{_GAPS},
before as (
    select step, count(*) as n, count(distinct customer_id) as n_customers, sum(gap_ms)::hugeint as sum_ms,
        quantile_disc(gap_ms, [0.5, 0.9]) as gap_ms
    from gap group by step)
select touch.label, coalesce(touch.department::varchar, 'Customer'), before.n, before.gap_ms[1], before.gap_ms[2],
    waiting.wait_median_ms, waiting.wait_p90_ms
from before inner join touch on touch.step = before.step::varchar
left join waiting_times as waiting on waiting.step = before.step
where before.n_customers >= $k order by before.sum_ms desc, touch.step_no limit $most"""

_GOODS = f"""with goods as materialized (
    select ordered.journey_id, ordered.goods_at, ordered.ms as wait_ms, journey.customer_id
    from ({GOODS}) as ordered inner join journey using (journey_id))"""

_GROUPS = f"""{_GOODS},
told as materialized (
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
    lanes = figures.store.rows(_LANES)
    total = sum(int(sum_ms) for _, _, _, sum_ms, _ in lanes)
    goods = _goods(figures)
    steps = figures.store.rows(_STEPS, {"k": figures.k, "most": MOST_STEPS})
    n_steps = len(report.steps)
    return TimeView(
        headline=_headline(lanes, total, goods),
        lede="Time between the end of one step and the start of the next, as customers live it: nights and weekends "
        "count. It is put down to the lane of the step that they waited for."
        if total
        else "No journey has two steps with time between them yet.",
        lanes=tuple(_lane(row, total, figures.k) for row in lanes) if total else (),
        goods=goods,
        steps=tuple(_step(row) for row in steps),
        steps_note=_steps_note(len(steps), n_steps, figures.k),
    )


def _headline(lanes: list[tuple[Any, ...]], total: int, goods: Goods | None) -> str:
    if goods:
        return goods.title
    if total:
        return f"Most of the time passes before steps of {lanes[0][0]}"
    return "There are no times to tell yet"


def _lane(row: tuple[Any, ...], total: int, k: int) -> tuple[tuple[str, ...], Markup]:
    lane, n, n_customers, sum_ms, (median_ms, p90_ms) = row
    if n_customers < k:
        return (lane, formats.small_count(n, k, n_customers), *[formats.NONE] * 3), share_bar(0)
    share = int(sum_ms) / total
    cells = (lane, formats.count(n), formats.share(share), formats.duration(median_ms), formats.duration(p90_ms))
    return cells, share_bar(share)


def _step(row: tuple[Any, ...]) -> tuple[str, ...]:
    label, lane, n, *times = row
    return (label, lane, formats.count(n), *(formats.duration(ms) for ms in times))


def _steps_note(n_shown: int, n_steps: int, k: int) -> str:
    if n_shown >= n_steps:
        return ""
    left = formats.plural(n_steps - n_shown, "step")
    if n_shown == MOST_STEPS:
        return f"Not listed: {left} that take less of the customers' days; the map page lists all."
    return f"Not listed: {left} before which fewer than {k} customers waited."


def _goods(figures: Figures) -> Goods | None:
    row = figures.store.rows(
        f"""{_GOODS} select count(*), count(distinct customer_id), quantile_disc(wait_ms, [0.5, 0.9, 0.99])
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
            f"""{_GOODS} select least(wait_ms // $width, $last)::integer as bin,
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
