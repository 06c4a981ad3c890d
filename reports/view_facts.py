"""The facts of a finding's page: cost, sample, robustness, provenance, each as a labelled value with a remark."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from ingest.language import mark, say
from reports import formats
from reports.records import FindingFigure

_COSTS = {
    "customer_min_per_week": mark("Customers' time"),
    "company_min_per_week": mark("Our people's time"),
    "money_per_week": mark("Money"),
}
_ASSUMED = "assumed:"
"""How the basis of a cost begins that rests on settings; their names follow, parted by commas."""
_SAMPLES = {"confirm": mark("customers kept for confirming"), "all": mark("all customers")}
_COUNTED = {
    "journeys": mark("Journeys"),
    "customers": mark("Customers"),
    "exposed": mark("Exposed"),
    "events": mark("Events"),
}
_OF_PEOPLE = ("journeys", "customers")
_ROBUSTNESS = {
    "without_top_1pct_customers": mark("Without the 1 % busiest customers"),
    "strict_identity": mark("Only customers identified without doubt"),
    "half_gap": mark("Journeys cut at half the quiet time"),
    "double_gap": mark("Journeys cut at twice the quiet time"),
    "as_planned": mark("Strata weighted as the shops were planned"),
}
_DECIDED = {"confirmed": mark("Confirmed"), "changed": mark("Changed"), "withdrawn": mark("Withdrawn")}


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value with a remark. `code`: names for machines, which stay as they are in every language."""

    name: str
    value: str
    note: str = ""
    code: str = ""


def cost_facts(finding: FindingFigure, currency: str) -> tuple[Fact, ...]:
    """What it costs a week, each with its range and basis; a missing one says why."""
    facts = []
    basis, reason = finding.cost.get("basis") or {}, finding.cost.get("reason") or {}
    for key, name in _COSTS.items():
        cost = finding.cost.get(key)
        unit = currency if key == "money_per_week" else "min"
        if isinstance(cost, dict) and cost.get("mid") is not None:
            facts.append(_cost(say(name), cost, unit, str(basis.get(key) or mark("measured"))))
        else:
            facts.append(Fact(say(name), say("not known"), say(str(reason.get(key) or ""))))
        own = finding.cost.get("own")
        if key == "customer_min_per_week" and isinstance(own, dict) and float(own.get("part", 1)) < 1:
            facts.append(Fact(say("Of it, claimed by no finding above"), _a_week(own, "min"), _range(own)))
    return tuple(facts)


def _cost(name: str, cost: dict[str, Any], unit: str, basis: str) -> Fact:
    if basis.startswith(_ASSUMED):
        settings = basis.removeprefix(_ASSUMED).replace(",", ", ")
        return Fact(name, _a_week(cost, unit), say("{between}; assumed:", between=_range(cost)), settings)
    return Fact(name, _a_week(cost, unit), say("{between}; {basis}", between=_range(cost), basis=say(basis)))


def _a_week(cost: dict[str, Any], unit: str) -> str:
    return say("{amount} a week", amount=f"{formats.number(float(cost['mid']))}{formats.THIN}{unit}")


def _range(cost: dict[str, Any]) -> str:
    return bounds(float(cost["low"]), float(cost["high"]))


def n_facts(finding: FindingFigure, k: int) -> tuple[Fact, ...]:
    """The sample, part by part."""
    n = finding.n
    unit = say(str(n["unit"])) if n.get("unit") else say("units")
    sample = say(_SAMPLES.get(str(n.get("sample")), ""))
    facts = [Fact(say("Sample: {unit}", unit=unit), formats.count(as_int(n.get("units"))), sample)]
    for key, name in _COUNTED.items():
        if n.get(key) is not None:
            value = as_int(n[key])
            facts.append(Fact(say(name), formats.small_count(value, k) if key in _OF_PEOPLE else formats.count(value)))
    return tuple(facts)


def sample_line(finding: FindingFigure) -> str:
    """'3 480 journeys of 2 870 customers'; of research, '204 mystery shops'."""
    if finding.kind == "competitor_gap":
        return say("{n} {unit}", n=formats.count(as_int(finding.n.get("units"))), unit=say(str(finding.n["unit"])))
    n_journeys, n_customers = (as_int(finding.n.get(key)) for key in _OF_PEOPLE)
    if n_journeys is not None and n_customers is not None:
        return sample_size(n_journeys, n_customers)
    if n_journeys is not None:
        return formats.plural(n_journeys, "{n} journey", "{n} journeys")
    return "" if n_customers is None else formats.plural(n_customers, "{n} customer", "{n} customers")


def sample_size(n_journeys: int, n_customers: int) -> str:
    """'3 480 journeys of 2 870 customers'."""
    return say(
        "{journeys} of {customers}",
        journeys=formats.plural(n_journeys, "{n} journey", "{n} journeys"),
        customers=formats.plural(n_customers, "{n} customer", "{n} customers"),
    )


def robustness_facts(finding: FindingFigure) -> tuple[Fact, ...]:
    """How the effect changes when a choice of method changes."""
    unit = str(finding.effect.get("unit") or "")
    facts = []
    for key, value in sorted(finding.robustness.items(), key=lambda item: (item[0] == "sign_stable", item[0])):
        if isinstance(value, dict):
            shown = quantity(float(value["value"]), unit) if value.get("value") is not None else say("not known")
            n = as_int(value.get("n"))
            sample = "" if n is None else say("n = {n}", n=formats.count(n))
            facts.append(Fact(say(_ROBUSTNESS.get(key, key)), shown, say(str(value.get("reason") or "")) or sample))
        elif key == "sign_stable" and value is not None:
            facts.append(Fact(say("Same direction in all of these"), say("yes") if value else say("no")))
    return tuple(facts)


def standing_facts(finding: FindingFigure) -> tuple[Fact, ...]:
    """What the decisions said of it so far, and when the next one is."""
    told = finding.extra.get("standing")
    if not told:
        return ()
    facts = [Fact(say(_DECIDED.get(what, what)), _day(day), say(str(note))) for day, what, note in told["events"]]
    if accepted := told.get("accepted"):
        facts.append(Fact(say("Accepted by the business"), _day(accepted["since"]), str(accepted["reason"])))
    note = say("a night only refreshes the numbers")
    facts.append(Fact(say("Next decision"), _day(told["next_decision"]), note))
    return tuple(facts)


def provenance_facts(finding: FindingFigure) -> tuple[Fact, ...]:
    """Where the numbers come from."""
    first, last = (_day(finding.window.get(end)) for end in ("from", "to"))
    seen = say("{first} and {last}", first=_date(finding.first_seen), last=_date(finding.last_seen))
    facts = [
        Fact(say("Window"), formats.interval(first, last), say("the last day is not part of it")),
        Fact(say("Kind"), say("version {version}", version=finding.definition_version), code=finding.kind),
        Fact(say("Family of tests"), say("{n} tested", n=formats.count(finding.m)), code=finding.family or ""),
    ]
    if finding.p is not None:
        q = formats.number(finding.q, 4) if finding.q is not None else formats.NONE
        facts.append(Fact("p, q", f"{formats.number(finding.p, 4)}, {q}"))
    return (
        *facts,
        Fact(say("Interval"), say(str(finding.ci.get("method") or finding.ci.get("reason") or formats.NONE))),
        Fact(say("First and last seen"), seen),
        Fact(
            say("Settings, input"),
            "",
            say("hashes; equal hashes give equal numbers"),
            f"{finding.config_hash}, {finding.input_hash}",
        ),
        Fact(say("Seed"), "", say("draws the example journeys"), finding.seed),
    )


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
