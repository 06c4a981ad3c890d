"""The key figures under the verdict, each with its unit, denominator and interval."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from markupsafe import Markup

from ingest.language import mark, say
from reports import formats
from reports.charts import spark
from reports.figures import Figures
from reports.records import Estimate, Night


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One of the figures under the verdict."""

    name: str
    value: str
    unit: str
    detail: str
    line: Markup


Weeks = list[tuple[dt.date, int, int]]
"""(Monday, journeys that started in that week, their calls)."""

_TIMES = {"d": mark("days"), "h": mark("hours"), "min": mark("minutes"), "s": mark("seconds")}


def key_figures(figures: Figures, night: Night) -> tuple[KeyFigure, ...]:
    """The figures of a night; of fewer customers than may be told nothing but that there are some."""
    if not night.n_journeys:
        return ()
    if night.n_customers < figures.k:
        few = formats.small_count(night.n_customers, figures.k)
        return (KeyFigure(say("Customers followed"), few, "", say("too few for any figure to be told"), Markup("")),)
    weekly = figures.weekly()
    found = (
        _followed(figures, night, weekly),
        _calls(figures, weekly),
        _duration(figures),
        _departments(figures),
        _ended(night),
    )
    return tuple(figure for figure in found if figure)


def _followed(figures: Figures, night: Night, weekly: Weeks) -> KeyFigure:
    detail = formats.plural(night.n_customers, "{n} customer", "{n} customers")
    if night.n_order_journeys:
        detail = say(
            "{orders} with an order, {customers}", orders=formats.count(night.n_order_journeys), customers=detail
        )
    title = say("Orders per week of their start") if figures.has_orders else say("Journeys per week of their start")
    line = spark([n for _, n, _ in weekly], title)
    return KeyFigure(say("Journeys followed"), formats.count(night.n_journeys), "", detail, line)


def _calls(figures: Figures, weekly: Weeks) -> KeyFigure | None:
    calls, _ = figures.calls_per_100()
    joined = figures.key_figures.get("calls_joined")
    name = say("Calls per 100 orders") if figures.has_orders else say("Calls per 100 journeys")
    if not calls:
        why = say("no customer is known by both a call and an order")
        return KeyFigure(name, say("not known"), "", why, Markup("")) if joined else None
    sample = (
        formats.plural(calls.n, "{n} order", "{n} orders")
        if figures.has_orders
        else formats.plural(calls.n, "{n} journey", "{n} journeys")
    )
    if joined:
        n_calls, of_n = formats.count(round(joined.value * joined.n)), formats.count(joined.n)
        sample = say("{orders} with {n} of {of_n} calls", orders=sample, n=n_calls, of_n=of_n)
    per_week = [100 * n_calls / n for _, n, n_calls in weekly if n]
    line = spark(per_week, say("The same per week of the start"))
    return KeyFigure(name, formats.number(calls.value), "", _between(calls, sample), line)


def _duration(figures: Figures) -> KeyFigure | None:
    duration = figures.duration()
    if not duration:
        return None
    value, unit = formats.duration_parts(duration.value)
    sample = (
        formats.plural(duration.n, "{n} closed order", "{n} closed orders")
        if figures.has_orders
        else formats.plural(duration.n, "{n} closed journey", "{n} closed journeys")
    )
    if duration.low is not None:
        between = formats.interval(formats.duration(duration.low), formats.duration(duration.high))
        sample = say("{between}; {sample}", between=between, sample=sample)
    name = say("Median time from first to last contact")
    return KeyFigure(name, value, say(_TIMES.get(unit, "")), sample, Markup(""))


def _departments(figures: Figures) -> KeyFigure | None:
    met = figures.departments_met()
    if not met:
        return None
    detail = _between(met, formats.plural(met.n, "{n} journey", "{n} journeys"))
    return KeyFigure(
        say("Departments a journey meets"), formats.number(met.value), say("on average"), detail, Markup("")
    )


def _ended(night: Night) -> KeyFigure:
    detail = say(
        "{n} of {of_n}; the others may still go on",
        n=formats.count(night.n_closed_journeys),
        of_n=formats.count(night.n_journeys),
    )
    share = formats.ratio(night.n_closed_journeys, night.n_journeys)
    return KeyFigure(say("Journeys that have ended"), share, "", detail, Markup(""))


def _between(estimate: Estimate, sample: str) -> str:
    if estimate.low is None or estimate.high is None:
        return say("{sample}; too few customers for an interval", sample=sample)
    between = formats.interval(formats.number(estimate.low), formats.number(estimate.high))
    return say("{between}; {sample}", between=between, sample=sample)
