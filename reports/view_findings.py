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
from reports.figures import Example, FindingFigure, StepFigure

KIND_WORDS = {
    "deviation": "Deviation", "loop": "Loop", "rework": "Rework", "repeat_contact": "Repeat contact", "re_ask": "Asked twice",
    "merge": "Consolidation candidate", "eliminate": "Step to drop", "handoff": "Hand-over", "duplicate_request": "Asked twice",
    "channel_switch": "Web to phone", "failure_point": "Failure point", "page_calls": "Web page with calls",
    "change_effect": "Before / after", "map_change": "Changed process", "whatif": "What if", "competitor_gap": "Competitors",
    "data_quality": "Data",
}  # fmt: skip
"""Word of a kind, by the part before its dot."""

_ICONS = {
    "deviation": "fork", "loop": "loop", "rework": "loop", "repeat_contact": "loop", "re_ask": "loop", "merge": "merge",
    "eliminate": "merge", "handoff": "merge", "duplicate_request": "loop", "channel_switch": "fork", "failure_point": "triangle",
    "page_calls": "page", "change_effect": "bars", "map_change": "bars", "whatif": "fork", "competitor_gap": "bars", "data_quality": "page",
}  # fmt: skip

_TONES = {"merge": "save", "eliminate": "save", "whatif": "neutral", "map_change": "neutral", "data_quality": "neutral"}

STATUS_WORDS = {
    "confirmed": "confirmed on customers who were not used to find it",
    "candidate": "a candidate: not yet confirmed on other customers",
}

GRADE_WORDS = {
    "A": "A: randomised comparison", "B": "B: compared with a control group or with itself",
    "C": "C: goes with it, after adjustment; no proof of cause", "D": "D: counted, nothing compared; no statement about causes",
}  # fmt: skip

MINUTES = "customer minutes a week"

_COSTS = {
    "customer_min_per_week": ("Customers' time", "min a week"),
    "company_min_per_week": ("Our people's time", "min a week"),
    "money_per_week": ("Money", "a week"),
}


@dataclass(frozen=True, slots=True)
class Chevron:
    """One step of a journey strip: text, lane tint 0 to 5, the wait before it, how often in a row."""

    label: str
    tint: int
    wait: str
    times: str
    long_wait: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """A journey as chevrons."""

    key: str
    chevrons: tuple[Chevron, ...]
    span: str
    more: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value with a remark."""

    name: str
    value: str
    note: str = ""


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
    number: int
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
    sql: str
    provenance: tuple[Fact, ...]
    trend: Markup
    map: Diagram | None
    map_note: str
    finding_id: str


@dataclass(frozen=True, slots=True)
class StepNames:
    """Label and lane tint of each step."""

    label: Mapping[str, str]
    tint: Mapping[str, int]

    @classmethod
    def of(cls, steps: Sequence[StepFigure], lanes: Mapping[str | None, int], tints: int) -> StepNames:
        """From the steps and the lane number of each department."""
        lane = {step.step: lanes.get(step.department, 0) for step in steps}
        return cls(
            {step.step: step.label for step in steps},
            {key: 0 if n == 0 else (n - 1) % (tints - 1) + 1 for key, n in lane.items()},
        )


def strip(example: Example, names: StepNames, most: int = 24) -> Strip:
    """An example journey; the same step several times in a row is one chevron with a count."""
    chevrons: list[Chevron] = []
    runs: list[tuple[str, int | None, int]] = []
    for moment in example.moments:
        if runs and runs[-1][0] == moment.step and (moment.gap_ms or 0) < 3_600_000:
            runs[-1] = (*runs[-1][:2], runs[-1][2] + 1)
        else:
            runs.append((moment.step, moment.gap_ms, 1))
    for step, gap, times in runs[:most]:
        wait = formats.duration(gap) if gap is not None and gap >= 60_000 else ""
        chevrons.append(
            Chevron(
                names.label.get(step, step), names.tint.get(step, 0), wait, f"×{times}" if times > 1 else "", (gap or 0) >= 40 * 3_600_000
            )
        )
    left_out = example.n_events - len(example.moments)
    more = f"and {formats.plural(left_out, 'further event')}" if left_out else ""
    return Strip(example.key, tuple(chevrons), formats.duration(example.duration_ms), more)


def variant_strip(key: str, steps: Sequence[str], names: StepNames, most: int = 14) -> Strip:
    """A variant as chevrons, without times."""
    runs: list[tuple[str, int]] = []
    for step in steps:
        runs[-1:] = [(step, runs[-1][1] + 1)] if runs and runs[-1][0] == step else [*runs[-1:], (step, 1)]
    chevrons = tuple(
        Chevron(names.label.get(step, step), names.tint.get(step, 0), "", f"×{n}" if n > 1 else "", False) for step, n in runs[:most]
    )
    more = f"and {len(runs) - most} more" if len(runs) > most else ""
    return Strip(key, chevrons, "", more)


def kind_head(kind: str) -> str:
    """The part of a kind before its dot."""
    return kind.split(".")[0]


def tone_of(finding: FindingFigure) -> str:
    """'cost', 'save' or 'neutral': the colour of a finding's number."""
    return _TONES.get(kind_head(finding.kind), "cost")


def main_measure(finding: FindingFigure) -> tuple[str, float, float | None, float | None]:
    """(unit, value, low, high) that a card leads with: customers' minutes a week when known, since these give the rank."""
    cost = finding.cost.get("customer_min_per_week")
    if isinstance(cost, dict) and cost.get("mid") is not None:
        return MINUTES, float(cost["mid"]), _float(cost.get("low")), _float(cost.get("high"))
    return (
        str(finding.effect.get("unit") or ""), float(finding.effect.get("value") or 0), _float(finding.ci.get("low")), _float(finding.ci.get("high"))
    )  # fmt: skip


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
        key: Axis.over(numbers, factor=100 if is_share(key[0]) else 1, suffix=formats.THIN + "%" if is_share(key[0]) else "")
        for key, numbers in sorted(values.items())
    }


def is_share(unit: str) -> bool:
    """Whether a unit is a share of 0..1, shown in per cent."""
    return unit.startswith("share") or unit in ("proportion", "rate")


def quantity(value: float | None, unit: str) -> str:
    """A value in its unit: '12.3 %', '340 customer minutes a week'."""
    if value is None:
        return formats.NONE
    return formats.share(value) if is_share(unit) else formats.number(value)


def measure(finding: FindingFigure, axes: Mapping[tuple[str, str], Axis]) -> Measure:
    """The number a card leads with."""
    unit, value, low, high = main_measure(finding)
    tone = tone_of(finding)
    name = str(finding.effect.get("name") or "")
    shown, detail = effect_words(unit, value, low, high, finding.ci, name)
    label = f"{shown} {detail}"
    return Measure(shown, detail, effect_axis(value, low, high, axes[axis_key(finding)], tone, label), tone, unit)


def effect_words(unit: str, value: float, low: float | None, high: float | None, ci: Mapping[str, Any], name: str) -> tuple[str, str]:
    """('12.3 %', 'of journeys, 95 % interval 11.0 to 13.6 %')."""
    level = formats.share(float(ci.get("level") or 0.95)).replace(".0", "")
    if unit == MINUTES:
        shown, what = f"{formats.number(value)}{formats.THIN}min", "of customers' time a week"
    elif is_share(unit):
        shown, what = quantity(value, unit), unit.removeprefix("share").removeprefix(" ") or name
    else:
        shown, what = quantity(value, unit), unit
    if low is None or high is None:
        between = f"no interval: {ci.get('reason') or 'none was given'}"
    else:
        between = f"{level} interval {bounds(low, high, unit)}"
    return shown, f"{what}, {between}" if what else between


def bounds(low: float, high: float, unit: str = "") -> str:
    """'11.0 to 13.6 %', both ends with the decimals of the larger."""
    factor, sign = (100, f"{formats.THIN}%") if is_share(unit) else (1, "")
    size = max(abs(low), abs(high)) * factor
    decimals = (2 if size < 1 else 1) if is_share(unit) else (0 if size >= 100 else 1 if size >= 1 else 2)
    return f"{formats.interval(formats.number(low * factor, decimals), formats.number(high * factor, decimals))}{sign}"


def second_measure(finding: FindingFigure) -> Fact | None:
    """The effect itself, where the card leads with minutes."""
    unit = str(finding.effect.get("unit") or "")
    value = finding.effect.get("value")
    if value is None or main_measure(finding)[0] == unit:
        return None
    shown, detail = effect_words(
        unit, float(value), _float(finding.ci.get("low")), _float(finding.ci.get("high")), finding.ci, str(finding.effect.get("name") or "")
    )
    return Fact(str(finding.effect.get("name") or "effect"), shown, detail)


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
    return tuple(facts)


def n_facts(finding: FindingFigure, k: int) -> tuple[Fact, ...]:
    """The sample, part by part."""
    n = finding.n
    unit = str(n.get("unit") or "units")
    facts = [Fact(f"Sample: {unit}", formats.count(_int(n.get("units"))), {"confirm": "customers kept for confirming", "all": "all customers"}.get(str(n.get("sample")), ""))]
    for key in ("journeys", "customers", "exposed", "events"):
        if n.get(key) is not None:
            value = _int(n[key])
            facts.append(Fact(key.capitalize(), formats.small_count(value, k) if key in ("journeys", "customers") else formats.count(value)))
    return tuple(facts)


def sample_line(finding: FindingFigure) -> str:
    """'3 480 journeys of 2 870 customers'."""
    n = finding.n
    parts = [formats.plural(_int(n[key]) or 0, one) for key, one in (("journeys", "journey"), ("customers", "customer")) if n.get(key) is not None]
    return " of ".join(parts)


def robustness_facts(finding: FindingFigure) -> tuple[Fact, ...]:
    """How the effect changes when a choice of method changes."""
    names = {
        "without_top_1pct_customers": "Without the 1 % busiest customers", "strict_identity": "Only customers identified without doubt",
        "half_gap": "Journeys cut at half the quiet time", "double_gap": "Journeys cut at twice the quiet time",
        "gap/2": "Journeys cut at half the quiet time", "gap*2": "Journeys cut at twice the quiet time",
    }  # fmt: skip
    unit = str(finding.effect.get("unit") or "")
    facts = []
    for key, value in sorted(finding.robustness.items()):
        if isinstance(value, dict):
            shown = quantity(float(value["value"]), unit) if value.get("value") is not None else "not computed"
            note = str(value.get("reason") or (f"n = {formats.count(_int(value.get('n')))}" if value.get("n") is not None else ""))
            facts.append(Fact(names.get(key, key.replace("_", " ").capitalize()), shown, note))
        elif key == "sign_stable" and value is not None:
            facts.append(Fact("Same direction in all of these", "yes" if value else "no"))
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
        facts.append(Fact("p, q", f"{formats.number(finding.p, 4)}, {formats.number(finding.q, 4) if finding.q is not None else formats.NONE}"))
    facts += [
        Fact("Interval", str(finding.ci.get("method") or finding.ci.get("reason") or formats.NONE)),
        Fact("First and last seen", f"{_date(finding.first_seen)} and {_date(finding.last_seen)}"),
        Fact("Settings, input", f"{finding.config_hash}, {finding.input_hash}", "hashes; equal hashes give equal numbers"),
        Fact("Seed", finding.seed, "draws the example journeys"),
    ]
    return tuple(facts)


def trend(history: Sequence[tuple[dt.date, float, float | None, float | None]]) -> Markup:
    """The effect over the nights as a line; empty for fewer than three nights."""
    return spark([value for _, value, _, _ in history], f"Effect over the last {len(history)} nights") if history else Markup("")


def seen_line(finding: FindingFigure) -> str:
    """'seen in 26 of 28 nights'."""
    return f"seen in {finding.n_nights} of {formats.plural(finding.of_nights, 'night')}"


def word_of(finding: FindingFigure) -> tuple[str, str]:
    """(word, icon) of a finding's kind."""
    head = kind_head(finding.kind)
    return KIND_WORDS.get(head, head.replace("_", " ").capitalize()), _ICONS.get(head, "page")


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _int(value: Any) -> int | None:
    return None if value is None else int(value)


def _day(value: Any) -> str:
    try:
        return formats.date_long(dt.date.fromisoformat(str(value)[:10]))
    except ValueError:
        return formats.NONE


def _date(value: dt.date | None) -> str:
    return formats.NONE if value is None else formats.date_long(value)
