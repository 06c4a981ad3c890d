"""Findings as a reader sees them: numbers turned into text, examples into chevrons. No counting happens here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ingest.language import mark, say, say_n
from reports import formats
from reports.charts import Axis, effect_axis, spark
from reports.diagrams import Diagram
from reports.records import FindingFigure
from reports.view_facts import Fact, as_float, bounds, is_share, quantity
from reports.view_journeys import Strip

KIND_WORDS = {
    "deviation": mark("Deviation"),
    "loop": mark("Loop"),
    "rework": mark("Rework"),
    "repeat_contact": mark("Repeat contact"),
    "re_ask": mark("Asked twice"),
    "merge": mark("Consolidation candidate"),
    "eliminate": mark("Step to drop"),
    "handoff": mark("Hand-over"),
    "duplicate_request": mark("Asked twice"),
    "channel_switch": mark("Web to phone"),
    "batch_contact": mark("Messages of one day"),
    "failure_point": mark("Failure point"),
    "outcome_path": mark("Path to a bad end"),
    "page_calls": mark("Web page with calls"),
    "empty_search": mark("Search without a result"),
    "help_before_call": mark("Help page with calls"),
    "back_and_forth": mark("Back and forth on the web"),
    "form_given_up": mark("Form given up"),
    "status_again": mark("Status looked at again"),
    "change_effect": mark("Before / after"),
    "map_change": mark("Changed process"),
    "whatif": mark("What if"),
    "competitor_gap": mark("Competitors"),
    "data_quality": mark("Data"),
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
    "outcome_path": "fork",
    "page_calls": "page",
    "empty_search": "page",
    "help_before_call": "page",
    "back_and_forth": "loop",
    "form_given_up": "fork",
    "status_again": "loop",
    "change_effect": "bars",
    "map_change": "bars",
    "whatif": "fork",
    "competitor_gap": "bars",
    "data_quality": "page",
}

_CONSOLIDATION = ("merge", "eliminate", "handoff", "duplicate_request", "channel_switch", "batch_contact")
"""Kinds whose minutes are what could fall away, not what is spent."""

_TONES = dict.fromkeys(_CONSOLIDATION, "save") | dict.fromkeys(
    ("whatif", "change_effect", "map_change", "data_quality", "competitor_gap"), "neutral"
)

STATUS_WORDS = {
    "confirmed": mark("confirmed on customers who were not used to find it"),
    "candidate": mark("a candidate: not yet confirmed on other customers"),
}

_GAP_WORDS = {
    "confirmed": mark("confirmed: beyond chance over all comparisons with competitors"),
    "candidate": mark("a candidate: not yet confirmed by a decision"),
}
"""Of competitor gaps: they rest on research, and no customers are kept apart."""

_FORECAST_WORDS = {
    "candidate": mark("a forecast: the model passed its test on the weeks that were kept from it"),
    "cannot_tell": mark("can't be told: the finding says why"),
    "not_enough_data": mark("not enough data for a forecast"),
}
"""Of scenarios: what has not happened can't be confirmed on customers."""

GRADE_WORDS = {
    "A": mark("A: randomised comparison"),
    "B": mark("B: compared with a control group or with itself"),
    "C": mark("C: goes with it, after adjustment; no proof of cause"),
    "D": mark("D: counted, nothing compared; no statement about causes"),
}

MINUTES = "customer minutes a week"
"""The unit of what a card leads with where minutes are known; no text."""


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


def status_of(finding: FindingFigure) -> str:
    """A finding's status in words."""
    words = {"competitor_gap": _GAP_WORDS, "whatif": _FORECAST_WORDS}.get(finding.kind, STATUS_WORDS)
    return say(words.get(finding.status, finding.status))


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
    detail = _with_interval(_of_what(unit, name, tone), unit, low, high, finding.ci)
    shown = formats.minutes(value) if unit == MINUTES else quantity(value, unit)
    label = f"{shown}: {detail}"
    return Measure(shown, detail, effect_axis(value, low, high, axes[axis_key(finding)], tone, label), tone, unit)


def _of_what(unit: str, name: str, tone: str) -> str:
    """What the number of a card is a number of."""
    if unit == MINUTES and tone == "save":
        return say("of customers' time a week could fall away")
    if unit == MINUTES:
        return say("of customers' time a week")
    return say(_SHARE_OF.get(name, name)) if is_share(unit) else say(unit)


_SHARE_OF = {
    "share of journeys that deviate": mark("of journeys deviate"),
    "share of cases that break the rule": mark("of cases break the rule"),
    "share of waits that are late": mark("of waits are late"),
    "share of journeys with a pass": mark("of journeys go round"),
    "share of calls that come back to the menu": mark("of calls come back to the menu"),
    "share of journeys asked again": mark("of journeys are asked again"),
    "share of hand-offs passed on without own work": mark("of hand-offs are passed on without own work"),
    "share of days with both messages": mark("of days have both messages"),
    "share of occurrences next to the other step, the weaker direction": mark(
        "of occurrences stand next to the other step, in the weaker direction"
    ),
    "calls after a visit beyond those before one": mark("of calls come after a visit, beyond those before one"),
    "contacts that lead to another": mark("of contacts lead to another"),
    "share of bad journeys on the path, above that of others at the same point": mark(
        "more bad journeys went the path than others at the same point"
    ),
    "more journeys that end badly with the step than without": mark(
        "more journeys end badly with the step than without"
    ),
}
"""Names of effects that are shares, as they go on after the number: '12.0 % of journeys deviate'."""


def _with_interval(what: str, unit: str, low: float | None, high: float | None, ci: Mapping[str, Any]) -> str:
    """'of journeys deviate, 95 % interval 11.0 to 13.6 %'."""
    if low is None or high is None:
        reason = say(str(ci["reason"])) if ci.get("reason") else say("none was given")
        return say("{what}, no interval: {reason}", what=what, reason=reason)
    between = bounds(low, high, unit)
    return say("{what}, {level} interval {between}", what=what, level=_level(ci), between=between)


def _level(ci: Mapping[str, Any]) -> str:
    """'95 %', or '99.9 %'."""
    level = float(ci.get("level") or 0.95)
    return formats.share(level, 0 if round(100 * level, 6).is_integer() else 1)


def second_measure(finding: FindingFigure) -> Fact | None:
    """The effect itself, where the card leads with minutes."""
    unit, name = str(finding.effect.get("unit") or ""), str(finding.effect.get("name") or mark("effect"))
    value = as_float(finding.effect.get("value"))
    if value is None or main_measure(finding)[0] == unit:
        return None
    low, high = as_float(finding.ci.get("low")), as_float(finding.ci.get("high"))
    detail = _with_interval(_of_what(unit, name, tone_of(finding)), unit, low, high, finding.ci)
    return Fact(say(name), quantity(value, unit), detail)


def together(findings: Sequence[FindingFigure]) -> str:
    """What all consolidation candidates could give back, minutes that several claim counted once; '' for none."""
    own = [finding.cost["own"] for finding in findings if isinstance(finding.cost.get("own"), dict)]
    low, mid, high = (sum(float(part[name]) for part in own) for name in ("low", "mid", "high"))
    if not own or high <= 0:
        return ""
    return say_n(
        "{n} candidate to consolidate could give back {minutes} of customers' time a week together ({between}); "
        "minutes that several of them claim are counted once.",
        "{n} candidates to consolidate could give back {minutes} of customers' time a week together ({between}); "
        "minutes that several of them claim are counted once.",
        len(own),
        n=formats.count(len(own)),
        minutes=formats.minutes(mid),
        between=bounds(low, high),
    )


def trend(history: Sequence[tuple[dt.date, float, float | None, float | None]]) -> Markup:
    """The effect over the nights as a line; empty for fewer than three nights."""
    title = formats.plural(len(history), "Effect over the last {n} night", "Effect over the last {n} nights")
    return spark([value for _, value, _, _ in history], title) if history else Markup("")


def seen_line(finding: FindingFigure) -> str:
    """'seen in 26 of 28 nights'."""
    return say_n(
        "seen in {n} of {of_n} night",
        "seen in {n} of {of_n} nights",
        finding.of_nights,
        n=formats.count(finding.n_nights),
        of_n=formats.count(finding.of_nights),
    )


def word_of(finding: FindingFigure) -> tuple[str, str]:
    """(word, icon) of a finding's kind."""
    head = kind_head(finding.kind)
    return say(KIND_WORDS.get(head, head)), _ICONS.get(head, "page")
