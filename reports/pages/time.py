"""The time page: where customers' days go, on their own clock, and which journeys wait longest for their goods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ingest.language import mark, say
from mining.night_figures import GOODS
from reports import formats
from reports.chart_architecture import stage_word
from reports.figures import Figures
from reports.map_marks import channel_word
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
    gap.department::varchar as lane, count(*) as n,
    count(distinct gap.customer_id) as n_customers, sum(gap.gap_ms)::hugeint as sum_ms,
    quantile_disc(gap.gap_ms, [0.5, 0.9]) as gap_ms
from gap group by grouping sets ((gap.step), (gap.department)) order by sum_ms desc, step, lane"""
"""Both by step and by lane in one pass; the lane of the customer has no name."""

_WAITS = """select touch.step, touch.label, touch.department::varchar as lane,
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
    select 'began_by' as kind, first_channel as name, customer_id, wait_ms from told
    union all select 'began_at', first_stage, customer_id, wait_ms from told
    union all select case when is_call then 'before_call' else 'before_no_call' end, '', customer_id, wait_ms from told
    union all
    select 'met', touch.label, hit.customer_id, hit.wait_ms
    from (select customer_id, wait_ms, unnest(troubles) as step from told) as hit inner join touch using (step)
    union all select 'met_nothing', '', customer_id, wait_ms from told where troubles is null)
select kind, name, count(*) as n, quantile_disc(wait_ms, [0.5, 0.9]) as times
from member group by kind, name having count(distinct customer_id) >= $k
order by times[1] desc, n desc, kind, name limit $most"""
"""Orders and their goods, with what they met until the goods came: what comes later can't make them wait longer."""

_GROUP_WORDS = {
    "began_by": mark("Began by: {name}"),
    "began_at": mark("Began at stage: {name}"),
    "before_call": mark("Before the goods: a call"),
    "before_no_call": mark("Before the goods: no call"),
    "met": mark("Met: {name}"),
    "met_nothing": mark("Met: nothing that went wrong"),
}
_DAYS = {
    "d": mark("{n}\u202fdays"),
    "h": mark("{n}\u202fhours"),
    "min": mark("{n}\u202fminutes"),
    "s": mark("{n}\u202fseconds"),
}


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
        lede=say(
            "Time between the end of one step and the start of the next, as customers live it: nights and weekends "
            "count. It is put down to the lane of the step that they waited for."
        )
        if total
        else say("No journey has two steps with time between them yet."),
        lanes=tuple(_lane(row, total, figures.k) for row in lanes) if total else (),
        goods=goods,
        steps=tuple(_step(row, touches[row["step"]]) for row in steps),
        steps_note=_steps_note(len(steps), n_steps, figures.k),
    )


def _headline(lanes: list[dict[str, Any]], total: int, goods: Goods | None) -> str:
    if goods:
        return goods.title
    if not total:
        return say("There are no times to tell yet")
    if lanes[0]["lane"] is None:
        return say("Most of the time passes before steps of the customer")
    return say("Most of the time passes before steps of {department}", department=lanes[0]["lane"])


def _lane(row: dict[str, Any], total: int, k: int) -> tuple[tuple[str, ...], Markup]:
    lane = row["lane"] or say("Customer")
    if row["n_customers"] < k:
        return (lane, formats.small_count(row["n"], k, row["n_customers"]), *[formats.NONE] * 3), share_bar(0)
    share = int(row["sum_ms"]) / total
    spans = (formats.duration(ms) for ms in row["gap_ms"])
    return (lane, formats.count(row["n"]), formats.share(share), *spans), share_bar(share)


def _step(row: dict[str, Any], touch: dict[str, Any]) -> tuple[str, ...]:
    spans = (*row["gap_ms"], touch["wait_median_ms"], touch["wait_p90_ms"])
    return (
        touch["label"],
        touch["lane"] or say("Customer"),
        formats.count(row["n"]),
        *(formats.duration(ms) for ms in spans),
    )


def _steps_note(n_shown: int, n_steps: int, k: int) -> str:
    if n_shown >= n_steps:
        return ""
    n_left = n_steps - n_shown
    if n_shown == MOST_STEPS:
        return formats.plural(
            n_left,
            "Not listed: {n} step that takes less of the customers' days; the map page lists all.",
            "Not listed: {n} steps that take less of the customers' days; the map page lists all.",
        )
    return formats.plural(
        n_left,
        "Not listed: {n} step before which fewer than {k} customers waited.",
        "Not listed: {n} steps before which fewer than {k} customers waited.",
        k=k,
    )


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
    rows = figures.store.rows(_GROUPS, {"k": figures.k, "most": MOST_GROUPS})
    return Goods(
        title=say(
            "Half of the orders reach the customer within {median}, nine of ten within {p90}",
            median=_days(median),
            p90=_days(p90),
        ),
        note=_goods_note(n, later or 0, n_left, tick_text(end), figures.k),
        chart=histogram(bins, say("Orders by days from order to goods"), "d", median),
        rows=tuple(
            (_group(kind, name), formats.count(count), *(formats.duration(ms) for ms in times))
            for kind, name, count, times in rows
        ),
    )


def _goods_note(n: int, n_later: int, n_left: int, end: str, k: int) -> str:
    """Which orders the chart shows; `end`: the days at which it ends."""
    parts = [
        formats.plural(
            n,
            "{n} journey with an order and its goods, by days from one to the other.",
            "{n} journeys with an order and its goods, by days from one to the other.",
        )
    ]
    if n_later:
        parts.append(say("More than {days} days: {n}.", days=end, n=formats.count(n_later)))
    if n_left:
        parts.append(say("In bars of fewer than {k} customers, not drawn: {n}.", k=k, n=formats.small_count(n_left, k)))
    return " ".join(parts)


def _group(kind: str, name: str) -> str:
    """A kind of journeys in words."""
    if kind == "began_by":
        name = channel_word(name)
    elif kind == "began_at":
        name = stage_word(name)
    return say(_GROUP_WORDS[kind], name=name)


def _days(days: float) -> str:
    value, unit = formats.duration_parts(days * DAY_MS)
    return say(_DAYS[unit], n=value) if unit else value
