"""The key figures under the verdict, each with its unit, denominator and interval."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

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


def key_figures(figures: Figures, night: Night) -> tuple[KeyFigure, ...]:
    """The figures of a night; of fewer customers than may be told nothing but that there are some."""
    if not night.n_journeys:
        return ()
    if night.n_customers < figures.k:
        few = formats.small_count(night.n_customers, figures.k)
        return (KeyFigure("Customers followed", few, "", "too few for any figure to be told", Markup("")),)
    weekly = figures.weekly()
    calls, unit = figures.calls_per_100()
    orders = night.n_order_journeys
    detail = f"{formats.count(orders)} with an order, " if orders else ""
    result = [
        KeyFigure(
            "Journeys followed",
            formats.count(night.n_journeys),
            "",
            f"{detail}{formats.plural(night.n_customers, 'customer')}",
            spark([n for _, n, _ in weekly], f"{unit.capitalize()} per week of their start"),
        ),
    ]
    if calls:
        per_week = [100 * n_calls / n for _, n, n_calls in weekly if n]
        result.append(
            KeyFigure(
                f"Calls per 100 {unit}",
                formats.number(calls.value),
                "",
                _between(calls, unit),
                spark(per_week, "The same per week of the start"),
            )
        )
    duration = figures.duration()
    if duration:
        value, time_unit = formats.duration_parts(duration.value)
        between = (
            f"{formats.interval(formats.duration(duration.low), formats.duration(duration.high))}; "
            f"{formats.count(duration.n)} closed {unit}"
            if duration.low is not None
            else f"{formats.count(duration.n)} closed {unit}"
        )
        words = {"d": "days", "h": "hours", "min": "minutes", "s": "seconds", "": ""}
        result.append(KeyFigure("Median time from first to last contact", value, words[time_unit], between, Markup("")))
    met = figures.departments_met()
    if met:
        result.append(
            KeyFigure(
                "Departments a journey meets",
                formats.number(met.value),
                "on average",
                _between(met, "journeys"),
                Markup(""),
            )
        )
    result.append(
        KeyFigure(
            "Journeys that have ended",
            formats.ratio(night.n_closed_journeys, night.n_journeys),
            "",
            f"{formats.count(night.n_closed_journeys)} of {formats.count(night.n_journeys)}; the others may still "
            f"go on",
            Markup(""),
        )
    )
    return tuple(result)


def _between(estimate: Estimate, unit: str) -> str:
    sample = f"{formats.count(estimate.n)} {unit}"
    if estimate.low is None or estimate.high is None:
        return f"{sample}; too few customers for an interval"
    return f"{formats.interval(formats.number(estimate.low), formats.number(estimate.high))}; {sample}"
