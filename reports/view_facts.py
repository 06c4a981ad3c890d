"""The facts of a finding's page: cost, sample, robustness, provenance, each as a labelled value with a remark."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from reports import formats
from reports.records import FindingFigure

_COSTS = {
    "customer_min_per_week": ("Customers' time", "min a week"),
    "company_min_per_week": ("Our people's time", "min a week"),
    "money_per_week": ("Money", "a week"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value with a remark."""

    name: str
    value: str
    note: str = ""


def cost_facts(finding: FindingFigure, currency: str) -> tuple[Fact, ...]:
    """What it costs a week, each with its range and basis; a missing one says why."""
    facts = []
    basis, reason = finding.cost.get("basis") or {}, finding.cost.get("reason") or {}
    for key, (name, unit) in _COSTS.items():
        cost = finding.cost.get(key)
        unit = f"{currency} {unit}" if key == "money_per_week" else unit
        if isinstance(cost, dict) and cost.get("mid") is not None:
            between = bounds(float(cost["low"]), float(cost["high"]))
            note = f"{between}; {basis.get(key) or 'measured'}"
            facts.append(Fact(name, f"{formats.number(float(cost['mid']))}{formats.THIN}{unit}", note))
        else:
            facts.append(Fact(name, "not known", str(reason.get(key) or "")))
        own = finding.cost.get("own")
        if key == "customer_min_per_week" and isinstance(own, dict) and float(own.get("part", 1)) < 1:
            shown = f"{formats.number(float(own['mid']))}{formats.THIN}min a week"
            facts.append(
                Fact("Of it, claimed by no finding above", shown, bounds(float(own["low"]), float(own["high"])))
            )
    return tuple(facts)


def n_facts(finding: FindingFigure, k: int) -> tuple[Fact, ...]:
    """The sample, part by part."""
    n = finding.n
    unit = str(n.get("unit") or "units")
    facts = [
        Fact(
            f"Sample: {unit}",
            formats.count(as_int(n.get("units"))),
            {"confirm": "customers kept for confirming", "all": "all customers"}.get(str(n.get("sample")), ""),
        )
    ]
    for key in ("journeys", "customers", "exposed", "events"):
        if n.get(key) is not None:
            value = as_int(n[key])
            facts.append(
                Fact(
                    key.capitalize(),
                    formats.small_count(value, k) if key in ("journeys", "customers") else formats.count(value),
                )
            )
    return tuple(facts)


def sample_line(finding: FindingFigure) -> str:
    """'3 480 journeys of 2 870 customers'."""
    n = finding.n
    parts = [
        formats.plural(as_int(n[key]) or 0, one)
        for key, one in (("journeys", "journey"), ("customers", "customer"))
        if n.get(key) is not None
    ]
    return " of ".join(parts)


def robustness_facts(finding: FindingFigure) -> tuple[Fact, ...]:
    """How the effect changes when a choice of method changes."""
    names = {
        "without_top_1pct_customers": "Without the 1 % busiest customers",
        "strict_identity": "Only customers identified without doubt",
        "half_gap": "Journeys cut at half the quiet time",
        "double_gap": "Journeys cut at twice the quiet time",
    }
    unit = str(finding.effect.get("unit") or "")
    facts = []
    for key, value in sorted(finding.robustness.items(), key=lambda item: (item[0] == "sign_stable", item[0])):
        if isinstance(value, dict):
            shown = quantity(float(value["value"]), unit) if value.get("value") is not None else "not known"
            note = str(
                value.get("reason")
                or (f"n = {formats.count(as_int(value.get('n')))}" if value.get("n") is not None else "")
            )
            facts.append(Fact(names.get(key, key.replace("_", " ").capitalize()), shown, note))
        elif key == "sign_stable" and value is not None:
            facts.append(Fact("Same direction in all of these", "yes" if value else "no"))
    return tuple(facts)


def standing_facts(finding: FindingFigure) -> tuple[Fact, ...]:
    """What the decisions said of it so far, and when the next one is."""
    told = finding.extra.get("standing")
    if not told:
        return ()
    words = {"confirmed": "Confirmed", "changed": "Changed", "withdrawn": "Withdrawn"}
    facts = [Fact(words.get(what, what), _day(day), str(note)) for day, what, note in told["events"]]
    if told.get("accepted"):
        facts.append(Fact("Accepted by the business", _day(told["accepted"]["since"]), str(told["accepted"]["reason"])))
    facts.append(Fact("Next decision", _day(told["next_decision"]), "a night only refreshes the numbers"))
    return tuple(facts)


def provenance_facts(finding: FindingFigure) -> tuple[Fact, ...]:
    """Where the numbers come from."""
    window = finding.window
    facts = [
        Fact("Window", f"{_day(window.get('from'))} to {_day(window.get('to'))}", "the last day is not part of it"),
        Fact("Kind, definition", f"{finding.kind}, version {finding.definition_version}"),
        Fact("Family of tests", f"{finding.family or formats.NONE}, {formats.count(finding.m)} tested"),
    ]
    if finding.p is not None:
        facts.append(
            Fact(
                "p, q",
                f"{formats.number(finding.p, 4)}, "
                f"{formats.number(finding.q, 4) if finding.q is not None else formats.NONE}",
            )
        )
    facts += [
        Fact("Interval", str(finding.ci.get("method") or finding.ci.get("reason") or formats.NONE)),
        Fact("First and last seen", f"{_date(finding.first_seen)} and {_date(finding.last_seen)}"),
        Fact(
            "Settings, input", f"{finding.config_hash}, {finding.input_hash}", "hashes; equal hashes give equal numbers"
        ),
        Fact("Seed", finding.seed, "draws the example journeys"),
    ]
    return tuple(facts)


def is_share(unit: str) -> bool:
    """Whether a unit is a share of 0..1, shown in per cent."""
    return unit.startswith("share") or unit in ("proportion", "rate")


def quantity(value: float | None, unit: str) -> str:
    """A value in its unit: '12.3 %', '340 customer minutes a week'."""
    if value is None:
        return formats.NONE
    return formats.share(value) if is_share(unit) else formats.number(value)


def bounds(low: float, high: float, unit: str = "") -> str:
    """'11.0 to 13.6 %', both ends with the decimals of the larger."""
    factor, sign = (100, f"{formats.THIN}%") if is_share(unit) else (1, "")
    size = max(abs(low), abs(high)) * factor
    decimals = (2 if size < 1 else 1) if is_share(unit) else (0 if size >= 100 else 1 if size >= 1 else 2)
    return f"{formats.interval(formats.number(low * factor, decimals), formats.number(high * factor, decimals))}{sign}"


def as_float(value: Any) -> float | None:
    return None if value is None else float(value)


def as_int(value: Any) -> int | None:
    return None if value is None else int(value)


def _day(value: Any) -> str:
    try:
        return formats.date_long(dt.date.fromisoformat(str(value)[:10]))
    except ValueError:
        return formats.NONE


def _date(value: dt.date | None) -> str:
    return formats.NONE if value is None else formats.date_long(value)
