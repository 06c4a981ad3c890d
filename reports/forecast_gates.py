"""Whether the model of a forecast may be believed, in words and numbers: it against the weeks that were kept from it.

What the page of scenarios shows above them (reports/pages/what_if.py): everything is in the findings of kind `whatif`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.language import mark, say
from mining.context import quoted
from mining.sentences import all_of
from mining.whatif.words import lines_of, span_of
from reports import formats

GATES = {
    "control_flow": mark("Which calls follow which (3 in a row)"),
    "cycle_time": mark("How long a matter takes (logarithm of minutes)"),
    "circadian": mark("Time of day of calls (hours apart)"),
}
KPIS = {
    "calls": (mark("Calls a week"), 0, 1.0),
    "abandon_share": (mark("Calls given up, %"), 1, 100.0),
    "wait_p50_s": (mark("Half of the calls wait at most, seconds"), 0, 1.0),
    "wait_p90_s": (mark("Nine of ten calls wait at most, seconds"), 0, 1.0),
    "repeat_share": (mark("Calls within 7 days after an answered one, %"), 1, 100.0),
}
_DISTANCE_PARTS = ("distance", "limit", "drift", "drift_limit")


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of texts."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, also one that can't be told: that is an answer here."""

    status: str
    title: str
    evidence: str
    caution: str
    extra: dict[str, Any]
    window: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GateView:
    """One model against the weeks kept from it: of which queues, which weeks, and for which scenarios."""

    number: int
    about: str
    note: str
    reasons: tuple[str, ...]
    distances: Rows
    weeks: Rows


def gates(found: Sequence[Told]) -> tuple[GateView, ...]:
    """The models, each with the scenarios that were asked of it, in order of the first of them."""
    asked: dict[str, list[Told]] = {}
    for one in found:
        if one.extra.get("forecast"):
            span = [one.window[part] for part in ("fitted_from", "held_from", "held_to")]
            asked.setdefault(json.dumps([one.extra["lines"], span]), []).append(one)
    return tuple(_gate(number, told) for number, told in enumerate(asked.values(), 1))


def _gate(number: int, told: Sequence[Told]) -> GateView:
    gate, first = told[0].extra["forecast"]["gate"], told[0]
    begin, parted, end = (dt.date.fromisoformat(first.window[part]) for part in ("fitted_from", "held_from", "held_to"))
    about = say(
        "{lines}: fitted on {fit}, held against {held}. Asked by: {scenarios}.",
        lines=lines_of(first.extra["lines"]),
        fit=span_of(begin, parted),
        held=span_of(parted, end),
        scenarios=all_of([quoted(str(one.extra["scenario"]["label"])) for one in told]),
    )
    return GateView(number, about, _gate_note(gate), _gate_reasons(gate), _distances(gate), _gate_weeks(gate))


def _distances(gate: Mapping[str, Any]) -> Rows:
    heads = (
        say("Distance between"),
        say("Model and kept weeks"),
        say("Chance alone, 39 of 40 at most"),
        say("Kept weeks and those before"),
        say("Chance alone, 39 of 40 at most"),
    )
    rows = [
        (say(name), *(formats.number(gate["distances"][key][part], 3) for part in _DISTANCE_PARTS))
        for key, name in GATES.items()
        if key in gate["distances"]
    ]
    return Rows(heads, tuple(rows))


def _gate_note(gate: Mapping[str, Any]) -> str:
    cases = formats.count(gate["n_cases"])
    if gate["outcome"] == "passed":
        return say(
            "Yes, as far as the log can show: asked for the last weeks, which it had not seen, the model comes as near "
            "to them as chance allows ({n} matters of customers).",
            n=cases,
        )
    if gate["outcome"] == "drift":
        return say(
            "No: the last weeks differ from those before by more than chance ({n} matters of customers), so that the "
            "process itself changed. Until it has settled there is no forecast.",
            n=cases,
        )
    return say(
        "No: asked for the last weeks, which it had not seen, the model is further from them than chance allows ({n} "
        "matters of customers). So it is not asked about a changed world.",
        n=cases,
    )


def _gate_reasons(gate: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs, in the words of the tables below."""
    names = GATES | {key: name for key, (name, _, _) in KPIS.items()}
    return tuple(say('Too far apart: "{name}".', name=say(names[key])) for key in gate["failed"])


def _gate_weeks(gate: Mapping[str, Any]) -> Rows:
    heads = (say("By week"), say("Kept weeks, in order"), say("The model's 95 % band"))
    rows = []
    for key, (name, digits, factor) in KPIS.items():
        one = gate["weekly"][key]
        real = ", ".join(formats.number(factor * value, digits) for value in one["real"])
        low, high = (formats.number(factor * one[end], digits) for end in ("low", "high"))
        rows.append((say(name), real, formats.interval(low, high)))
    return Rows(heads, tuple(rows))
