"""The effort page: minutes of customers' lives that a journey takes, part by part, and what makes the difference.

Everything is reckoned from `journey_effort` and `effort_driver` (mining/effort.py), whose parts add up to the whole; so
do the rows of each table here, and their last row says to what.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ingest.language import mark, say
from mining import effort
from mining.effort import NEEDS, PARTS
from mining.night_figures import Z95
from reports import formats
from reports.chart_architecture import stage_word
from reports.figures import Figures
from reports.pages.trends import DECIDED_SHARE, MOST_WEEKS
from reports.plots import Point, line_band, tick_text
from reports.plots_stacked import Bar, legend, stacked
from reports.view import Report
from reports.view_facts import Fact, bounds

MINUTE = 60_000
LEAST_JOURNEYS = 100
"""Fewer are not parted into tenths."""
MOST_STEPS = 15
_ELSE = "else"

_TENTHS = f"""select tenth, count(*) as n, sum(effort_ms)::hugeint as effort,
    {", ".join(f"sum({part}_ms)::hugeint as {part}" for part in PARTS)}
from journey_effort where is_counted group by tenth order by tenth"""
_WITH_PART = f"""select {", ".join(f"count(distinct customer_id) filter ({part}_ms > 0) as {part}" for part in PARTS)},
    sum(n_switches)::bigint as n_switches from journey_effort where is_counted"""
_SPREAD = """select quantile_disc(effort_ms, [0.5, 0.9]) as effort, quantile_disc(company_ms, 0.5) as company,
    avg(n_contacts) as contacts, avg(n_switches) as switches, avg(n_again) as again,
    sum(known_ms)::hugeint as known, sum(effort_ms)::hugeint as whole
from journey_effort where is_counted"""
_NEEDS = """select need, count(*) as n, count(distinct customer_id) as n_customers,
    count(*) filter (tenth = 10) as n_most, count(distinct customer_id) filter (tenth = 10) as n_most_customers
from journey_effort group by need"""
_STEPS = f"""select step, any_value(stage) as stage, max(n_customers) as n_customers,
    coalesce(sum({" + ".join(f"{part}_ms" for part in PARTS)}) filter (is_most), 0)::hugeint as most,
    coalesce(sum({" + ".join(f"{part}_ms" for part in PARTS)}) filter (not is_most), 0)::hugeint as rest
from effort_driver group by step order by step"""
_WEEKS = """with closed as (
    select date_trunc('week', started_at)::date as week, customer_id, count(*)::hugeint as x,
        sum(effort_ms)::hugeint as y
    from journey_effort where is_counted group by all),
counted as (
    select week, count(*) as clusters, sum(x) as x, sum(y) as y, sum(y * y) as yy, sum(x * y) as xy, sum(x * x) as xx
    from closed group by week),
begun as (
    select date_trunc('week', started_at)::date as week, avg(is_complete::integer) as share_closed
    from journey where anchor = 'order' or not $of_orders group by week),
limits as (select min(started_at) as first_at, max(started_at) as last_at from journey)
select counted.* from counted inner join begun using (week), limits
where week >= first_at and week + interval 7 day <= last_at and clusters >= $k and share_closed >= $decided
order by week desc limit $most"""

_RECKONED = {
    "web": mark("From a page to the next of the same visit, at most 5 minutes each."),
    "last": mark("No log tells when a visit's last page was left: the usual time on that page is taken."),
    "menu": mark("Until the menu puts the caller through, or the caller hangs up."),
    "wait": mark("In the queue, until somebody answers or the caller gives up."),
    "talk": mark("With somebody on the line."),
    "visit": mark("From the first to the last word, or from coming to going."),
    "again": mark(
        "What was given before in the same journey is asked again: the minutes of the item ([costs.ask_min] in "
        "site.toml), at most the step's own time."
    ),
    "switch": mark(
        "{minutes} each time that a customer goes on in another channel within 24 hours, to find the way before its "
        "log begins ([costs] switch_min in site.toml)."
    ),
    "reading": mark("typical_minutes of the step in process/steps.toml, else [costs] reading_min in site.toml."),
    "untimed": mark("typical_minutes of the step in process/steps.toml."),
}
"""How each part is reckoned, in one sentence."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that add up: each with its cells; the last row is their sum. `total`: whether there is one."""

    id: str
    title: str
    note: str
    head: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class EffortView:
    """What the page shows. `parts`: cells and how the part is reckoned."""

    headline: str
    lede: str
    facts: tuple[Fact, ...] = ()
    chart: Markup | None = None
    chart_legend: Markup | None = None
    chart_note: str = ""
    parts: tuple[tuple[str, ...], ...] = ()
    tenths: tuple[tuple[str, ...], ...] = ()
    tenth_heads: tuple[str, ...] = ()
    drivers: tuple[Table, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    weeks: Markup | None = None


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of the counted journeys: how many, and the ms of the whole and of each part that may be told."""

    number: int
    n: int
    effort: int
    parts: dict[str, int]


def build(figures: Figures, _report: Report) -> EffortView:
    """Read, add up and word."""
    store = figures.store
    mean = effort.mean(store) if store.has_table("journey_effort") else None
    if mean is None or not mean.value or mean.customers < figures.k or mean.low is None or mean.high is None:
        return EffortView(
            say("What a journey takes of customers' lives can't be told yet"),
            say(
                "This needs logs that tell how long calls or visits last, or minutes that the site states, for "
                "journeys of at least {k} customers that are over.",
                k=figures.k,
            ),
        )
    of_orders = bool(
        store.value(
            """select bool_and(anchor = 'order') from journey_effort inner join journey using (journey_id)
            where is_counted"""
        )
    )
    tenths = _tenths(figures)
    share = effort.top_share(store)
    is_parted = share is not None and mean.journeys >= LEAST_JOURNEYS
    shown = share if is_parted else None
    return EffortView(
        headline=_headline(of_orders, mean, shown),
        lede=say(
            "Minutes in which customers are busy with the organisation, each counted in one part only, so that the "
            "parts add up. Waiting at home is told beside, in days: it is no minute of work."
        ),
        facts=_facts(figures, mean, shown),
        chart=_chart(tenths) if is_parted else None,
        chart_legend=legend([(f"p-{part}", _name(part)) for part in tenths[0].parts], say("Parts")),
        chart_note=_chart_note(mean.journeys, of_orders),
        parts=_parts(figures, tenths),
        tenths=tuple(_tenth_row(one) for one in tenths) if is_parted else (),
        tenth_heads=tuple(_name(part) for part in tenths[0].parts),
        drivers=_drivers(figures, tenths) if is_parted else (),
        needs=_needs(figures),
        weeks=_weeks(figures, of_orders),
    )


def _name(part: str) -> str:
    return say(PARTS[part]) if part in PARTS else say("All else")


def _tenths(figures: Figures) -> list[Tenth]:
    """By tenth; parts that nobody has are left out, those of too few customers are put together."""
    people = figures.store.records(_WITH_PART)[0]
    told = [part for part in PARTS if people[part] >= figures.k]
    few = [part for part in PARTS if 0 < people[part] < figures.k]
    return [
        Tenth(
            int(row["tenth"]),
            int(row["n"]),
            int(row["effort"]),
            {part: int(row[part]) for part in told} | ({_ELSE: sum(int(row[part]) for part in few)} if few else {}),
        )
        for row in figures.store.records(_TENTHS)
    ]


def _headline(of_orders: bool, mean: effort.Mean, share: effort.TopShare | None) -> str:
    minutes = formats.minutes(mean.value / MINUTE)
    if share is None:
        if of_orders:
            return say("A journey with an order takes {minutes} of a customer's life", minutes=minutes)
        return say("A journey takes {minutes} of a customer's life", minutes=minutes)
    ends = {"minutes": minutes, "share": formats.share(share.value)}
    if of_orders:
        return say(
            "A journey with an order takes {minutes} of a customer's life; the tenth with most effort bears {share} "
            "of it all",
            **ends,
        )
    return say(
        "A journey takes {minutes} of a customer's life; the tenth with most effort bears {share} of it all", **ends
    )


def _facts(figures: Figures, mean: effort.Mean, share: effort.TopShare | None) -> tuple[Fact, ...]:
    row = figures.store.records(_SPREAD)[0]
    half, nine = row["effort"]
    low, high = (mean.low or 0.0) / MINUTE, (mean.high or 0.0) / MINUTE
    facts = [
        Fact(
            say("Mean effort of a journey"),
            formats.minutes(mean.value / MINUTE),
            say("95 % interval {between}, customers as clusters", between=bounds(low, high)),
        ),
        Fact(say("Half of the journeys take at most"), formats.minutes(half / MINUTE)),
        Fact(say("Nine of ten take at most"), formats.minutes(nine / MINUTE)),
    ]
    if share:
        between = bounds(share.low, share.high, "share")
        facts.append(
            Fact(
                say("Borne by the tenth with most effort"),
                formats.share(share.value),
                say("95 % interval {between}, customers as clusters", between=between),
            )
        )
    known = int(row["known"]) / int(row["whole"])
    facts += [
        Fact(say("Timed by a log"), formats.share(known), say("the rest is usual for the page, or stated by the site")),
        Fact(
            say("Beside it, waiting for the organisation"),
            formats.duration(row["company"]),
            say("median time before steps that the organisation takes"),
        ),
        Fact(
            say("Contacts a journey"),
            formats.number(row["contacts"], 2),
            say(
                "changes of channel: {switches}; times that something is given again: {again}",
                switches=formats.number(row["switches"], 2),
                again=formats.number(row["again"], 2),
            ),
        ),
    ]
    return tuple(facts)


def _chart(tenths: Sequence[Tenth]) -> Markup:
    bars = [Bar(str(one.number), [ms / one.n / MINUTE for ms in one.parts.values()]) for one in tenths]
    return stacked(
        bars,
        [f"p-{part}" for part in tenths[0].parts],
        say("Minutes of a journey by part, from the tenth of the journeys with least effort to that with most"),
    )


def _chart_note(n: int, of_orders: bool) -> str:
    if of_orders:
        return formats.plural(
            n,
            "Mean minutes by part, in each tenth of {n} journey with an order, from least effort (1) to most (10).",
            "Mean minutes by part, in each tenth of {n} journeys with an order, from least effort (1) to most (10).",
        )
    return formats.plural(
        n,
        "Mean minutes by part, in each tenth of {n} journey, from least effort (1) to most (10).",
        "Mean minutes by part, in each tenth of {n} journeys, from least effort (1) to most (10).",
    )


def _tenth_row(one: Tenth) -> tuple[str, ...]:
    cells = (formats.number(ms / one.n / MINUTE, 1) for ms in one.parts.values())
    return (str(one.number), formats.count(one.n), formats.number(one.effort / one.n / MINUTE, 1), *cells)


def _parts(figures: Figures, tenths: Sequence[Tenth]) -> tuple[tuple[str, ...], ...]:
    """(part, minutes a journey, share of all, how it is reckoned), and the sum."""
    n, whole = sum(one.n for one in tenths), sum(one.effort for one in tenths)
    row = figures.store.records(_WITH_PART)[0]
    switches = int(row["n_switches"] or 0)
    rows = []
    for part in tenths[0].parts:
        ms = sum(one.parts[part] for one in tenths)
        each = formats.minutes(ms / switches / MINUTE) if part == "switch" and switches else ""
        reckoned = say(_RECKONED[part], minutes=each) if part in PARTS else say("Parts that too few customers have.")
        rows.append((_name(part), formats.number(ms / n / MINUTE, 2), formats.share(ms / whole), reckoned))
    return (*rows, (say("Together"), formats.number(whole / n / MINUTE, 2), formats.share(1.0), ""))


def _drivers(figures: Figures, tenths: Sequence[Tenth]) -> tuple[Table, ...]:
    """What the tenth with most effort has more of: by part, by step, by stage. Each adds up to the same difference."""
    n_most, n_rest = tenths[-1].n, sum(one.n for one in tenths[:-1])
    by_part = [(_name(p), tenths[-1].parts[p], sum(t.parts[p] for t in tenths[:-1])) for p in tenths[0].parts]
    labels = dict(figures.store.rows("select step, label from touch"))
    steps = figures.store.records(_STEPS)
    told = [row for row in steps if row["n_customers"] >= figures.k]
    told.sort(key=lambda row: (-_difference(int(row["most"]), int(row["rest"]), n_most, n_rest), row["step"]))
    first = told[:MOST_STEPS]
    rest = [row for row in steps if row not in first]
    by_step = [(labels.get(row["step"], row["step"]), int(row["most"]), int(row["rest"])) for row in first]
    if rest:
        name = formats.plural(len(rest), "{n} other step", "{n} other steps")
        by_step.append(_sum_of(name, rest))
    by_stage: dict[str, list[dict[str, Any]]] = {}
    for row in steps:
        by_stage.setdefault(stage_word(row["stage"]) if row in told else _name(_ELSE), []).append(row)
    stages = [_sum_of(name, rows) for name, rows in by_stage.items()]
    note = say("Minutes a journey. The rows add up to the whole difference, exactly; each minute is in one row.")
    tables = []
    for name, title, head, rows, is_ranked in (
        ("parts", say("By part"), say("Part"), by_part, True),
        ("steps", say("By step"), say("Step"), by_step, False),
        ("stages", say("By stage"), say("Stage"), stages, True),
    ):
        if is_ranked:
            rows.sort(key=lambda row: -_difference(row[1], row[2], n_most, n_rest))
        tables.append(Table(name, title, note, head, _driver_rows(rows, n_most, n_rest)))
    return tuple(tables)


def _sum_of(name: str, rows: Sequence[dict[str, Any]]) -> tuple[str, int, int]:
    return name, sum(int(row["most"]) for row in rows), sum(int(row["rest"]) for row in rows)


def _difference(most: int, rest: int, n_most: int, n_rest: int) -> float:
    return most / n_most - rest / n_rest


def _driver_rows(rows: Sequence[tuple[str, int, int]], n_most: int, n_rest: int) -> tuple[tuple[str, ...], ...]:
    total = (say("Together"), sum(row[1] for row in rows), sum(row[2] for row in rows))
    whole = _difference(total[1], total[2], n_most, n_rest)
    return tuple(
        (
            name,
            formats.number(most / n_most / MINUTE, 1),
            formats.number(rest / n_rest / MINUTE, 1),
            formats.signed(_difference(most, rest, n_most, n_rest) / MINUTE, 1),
            formats.share(_difference(most, rest, n_most, n_rest) / whole) if whole else formats.NONE,
        )
        for name, most, rest in (*rows, total)
    )


def _needs(figures: Figures) -> tuple[tuple[str, ...], ...]:
    """(what customers came for, journeys, mean minutes with interval, share among the tenth with most)."""
    found = {row["need"]: row for row in figures.store.records(_NEEDS)}
    n_most = sum(int(row["n_most"]) for row in found.values())
    hidden = _hidden(found, figures.k)
    rows = []
    for need, name in NEEDS.items():
        row = found.get(need)
        if row is None or row["n_customers"] < figures.k:
            continue
        mean = effort.mean(figures.store, "need = $need", {"need": need})
        if mean is None or mean.low is None or mean.high is None:
            continue
        most = int(row["n_most"])
        rows.append(
            (
                say(name),
                formats.count(int(row["n"])),
                f"{formats.number(mean.value / MINUTE, 1)} ({bounds(mean.low / MINUTE, mean.high / MINUTE)})",
                formats.NONE if need in hidden else formats.count(most),
                formats.NONE if need in hidden else formats.ratio(most, n_most),
            )
        )
    return tuple(rows)


def _hidden(found: dict[str, dict[str, Any]], k: int) -> set[str]:
    """Needs whose number in the top tenth is not told: of too few customers, and, where that is one alone, the next
    smallest too, since the whole tenth is known and one could be worked out from the others."""
    some = sorted((row["n_most_customers"], need) for need, row in found.items() if row["n_most"])
    few = [need for n, need in some if n < k]
    return {need for _, need in some[: max(len(few), 2)]} if few else set()


def _weeks(figures: Figures, of_orders: bool) -> Markup:
    rows = figures.store.records(
        _WEEKS, {"of_orders": of_orders, "k": figures.k, "decided": DECIDED_SHARE, "most": MOST_WEEKS}
    )
    points = [_point(row["week"], {key: int(row[key]) for key in row if key != "week"}) for row in reversed(rows)]
    return line_band(points, say("Mean minutes of effort a journey, by week of its start"), tick_text, (), MINUTE)


def _point(monday: dt.date, sums: dict[str, int]) -> Point:
    """The week's mean with its interval, linearised, customers as clusters."""
    c, x, y = sums["clusters"], sums["x"], sums["y"]
    r = y / x
    spread = max(0.0, sums["yy"] - 2 * r * sums["xy"] + r * r * sums["xx"]) * c / max(c - 1, 1)
    half = Z95 * spread**0.5 / x
    return Point(monday, r, max(0.0, r - half), r + half)
