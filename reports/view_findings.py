"""Findings as a reader sees them: numbers turned into text, examples into chevrons. No counting happens here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports import formats
from reports.charts import Axis, effect_axis, spark
from reports.diagrams import Diagram
from reports.records import FindingFigure
from reports.view_facts import Fact, as_float, bounds, is_share, quantity
from reports.view_journeys import Strip

KIND_WORDS = {
    "deviation": "Deviation",
    "loop": "Loop",
    "rework": "Rework",
    "repeat_contact": "Repeat contact",
    "re_ask": "Asked twice",
    "merge": "Consolidation candidate",
    "eliminate": "Step to drop",
    "handoff": "Hand-over",
    "duplicate_request": "Asked twice",
    "channel_switch": "Web to phone",
    "batch_contact": "Messages of one day",
    "failure_point": "Failure point",
    "page_calls": "Web page with calls",
    "change_effect": "Before / after",
    "map_change": "Changed process",
    "whatif": "What if",
    "competitor_gap": "Competitors",
    "data_quality": "Data",
}
"""Word of a kind, by the part before its dot."""

_ICONS = {
    "deviation": "fork",
    "loop": "loop",
    "rework": "loop",
    "repeat_contact": "loop",
    "re_ask": "loop",
    "merge": "merge",
    "eliminate": "merge",
    "handoff": "merge",
    "duplicate_request": "loop",
    "channel_switch": "fork",
    "batch_contact": "merge",
    "failure_point": "triangle",
    "page_calls": "page",
    "change_effect": "bars",
    "map_change": "bars",
    "whatif": "fork",
    "competitor_gap": "bars",
    "data_quality": "page",
}

_CONSOLIDATION = ("merge", "eliminate", "handoff", "duplicate_request", "channel_switch", "batch_contact")
"""Kinds whose minutes are what could fall away, not what is spent."""

_TONES = dict.fromkeys(_CONSOLIDATION, "save") | dict.fromkeys(("whatif", "map_change", "data_quality"), "neutral")

STATUS_WORDS = {
    "confirmed": "confirmed on customers who were not used to find it",
    "candidate": "a candidate: not yet confirmed on other customers",
}

GRADE_WORDS = {
    "A": "A: randomised comparison",
    "B": "B: compared with a control group or with itself",
    "C": "C: goes with it, after adjustment; no proof of cause",
    "D": "D: counted, nothing compared; no statement about causes",
}

MINUTES = "customer minutes a week"


@dataclass(frozen=True, slots=True)
class Measure:
    """A finding's number: as text, with its interval in words and on an axis."""

    value: str
    detail: str
    axis: Markup
    tone: str
    unit: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """Everything the overview card and the finding's own page show."""

    label: str
    href: str
    place: int
    word: str
    icon: str
    tone: str
    title: str
    evidence: str
    caution: str
    status: str
    grade: str
    sample: str
    seen: str
    measure: Measure
    second: Fact | None
    facts: tuple[Fact, ...]
    costs: tuple[Fact, ...]
    robustness: tuple[Fact, ...]
    examples: tuple[tuple[str, str, tuple[Strip, ...]], ...]
    card_examples: tuple[Strip, ...]
    timeline: Markup
    sql: str
    provenance: tuple[Fact, ...]
    trend: Markup
    map: Diagram | None
    map_note: str


def kind_head(kind: str) -> str:
    """The part of a kind before its dot."""
    return kind.split(".")[0]


def tone_of(finding: FindingFigure) -> str:
    """'cost', 'save' or 'neutral': the colour of a finding's number."""
    return _TONES.get(kind_head(finding.kind), "cost")


def main_measure(finding: FindingFigure) -> tuple[str, float, float | None, float | None]:
    """(unit, value, low, high) that a card leads with: customers' minutes a week, since these give the rank; the effect
    where they are not known, or may as well be none or a gain."""
    cost = finding.cost.get("customer_min_per_week")
    if isinstance(cost, dict) and cost.get("mid") and (as_float(cost.get("low")) or 0) >= 0:
        return MINUTES, float(cost["mid"]), as_float(cost.get("low")), as_float(cost.get("high"))
    return (
        str(finding.effect.get("unit") or ""),
        float(finding.effect.get("value") or 0),
        as_float(finding.ci.get("low")),
        as_float(finding.ci.get("high")),
    )


def axis_key(finding: FindingFigure) -> tuple[str, str]:
    """Findings with equal keys share an axis: the unit, and whether more of it costs or is to be gained."""
    return main_measure(finding)[0], tone_of(finding)


def axes_of(findings: Sequence[FindingFigure]) -> dict[tuple[str, str], Axis]:
    """One axis per unit and tone, so that cards can be compared by eye."""
    values: dict[tuple[str, str], list[float]] = {}
    for finding in findings:
        numbers = main_measure(finding)[1:]
        values.setdefault(axis_key(finding), []).extend(number for number in numbers if number is not None)
    return {
        key: Axis.over(
            numbers, factor=100 if is_share(key[0]) else 1, suffix=formats.THIN + "%" if is_share(key[0]) else ""
        )
        for key, numbers in sorted(values.items())
    }


def measure(finding: FindingFigure, axes: Mapping[tuple[str, str], Axis]) -> Measure:
    """The number a card leads with."""
    unit, value, low, high = main_measure(finding)
    tone = tone_of(finding)
    name = str(finding.effect.get("name") or "")
    shown, detail = effect_words(unit, value, low, high, finding.ci, name)
    if unit == MINUTES and tone == "save":
        detail = detail.replace("a week", "a week could fall away", 1)
    label = f"{shown} {detail}"
    return Measure(shown, detail, effect_axis(value, low, high, axes[axis_key(finding)], tone, label), tone, unit)


def effect_words(
    unit: str, value: float, low: float | None, high: float | None, ci: Mapping[str, Any], name: str
) -> tuple[str, str]:
    """('12.3 %', 'of journeys, 95 % interval 11.0 to 13.6 %')."""
    level = formats.share(float(ci.get("level") or 0.95)).replace(".0", "")
    if unit == MINUTES:
        shown, what = f"{formats.number(value)}{formats.THIN}min", "of customers' time a week"
    elif is_share(unit):
        shown, what = quantity(value, unit), unit.removeprefix("share").removeprefix(" ") or name.removeprefix("share ")
    else:
        shown, what = quantity(value, unit), unit
    if low is None or high is None:
        between = f"no interval: {ci.get('reason') or 'none was given'}"
    else:
        between = f"{level} interval {bounds(low, high, unit)}"
    return shown, f"{what}, {between}" if what else between


def second_measure(finding: FindingFigure) -> Fact | None:
    """The effect itself, where the card leads with minutes."""
    unit = str(finding.effect.get("unit") or "")
    value = finding.effect.get("value")
    if value is None or main_measure(finding)[0] == unit:
        return None
    shown, detail = effect_words(
        unit,
        float(value),
        as_float(finding.ci.get("low")),
        as_float(finding.ci.get("high")),
        finding.ci,
        str(finding.effect.get("name") or ""),
    )
    return Fact(str(finding.effect.get("name") or "effect"), shown, detail)


def together(findings: Sequence[FindingFigure]) -> str:
    """What all consolidation candidates could give back, minutes that several claim counted once; '' for none."""
    own = [finding.cost["own"] for finding in findings if isinstance(finding.cost.get("own"), dict)]
    low, mid, high = (sum(float(part[name]) for part in own) for name in ("low", "mid", "high"))
    if not own or high <= 0:
        return ""
    many = formats.plural(len(own), "candidate") + " to consolidate"
    return (
        f"{many} could give back {formats.number(mid)}{formats.THIN}min of customers' time a week together "
        f"({bounds(low, high)}); minutes that several of them claim are counted once."
    )


def trend(history: Sequence[tuple[dt.date, float, float | None, float | None]]) -> Markup:
    """The effect over the nights as a line; empty for fewer than three nights."""
    return (
        spark([value for _, value, _, _ in history], f"Effect over the last {len(history)} nights")
        if history
        else Markup("")
    )


def seen_line(finding: FindingFigure) -> str:
    """'seen in 26 of 28 nights'."""
    return f"seen in {finding.n_nights} of {formats.plural(finding.of_nights, 'night')}"


def word_of(finding: FindingFigure) -> tuple[str, str]:
    """(word, icon) of a finding's kind."""
    head = kind_head(finding.kind)
    return KIND_WORDS.get(head, head.replace("_", " ").capitalize()), _ICONS.get(head, "page")
