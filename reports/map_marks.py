"""What a box carries besides its numbers: encounter number, W, F, moment of truth, skipped, unexpected (method.md 1.2).

Everything here is taken from aggregates and findings; nothing is counted anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest.language import mark, say
from reports import formats
from reports.figures_map import StepTimes
from reports.layout_order import sequence
from reports.records import FindingFigure, MoveFigure, Night, StepFigure

CHANNEL_WORDS = {
    "web": mark("Web"),
    "app": mark("App"),
    "ivr": mark("Phone menu"),
    "agent": mark("Phone agents"),
    "order": mark("Order system"),
    "mail": mark("Mail"),
    "chat": mark("Chat"),
    "parcel": mark("Parcel"),
    "shop": mark("Shop"),
    "phone": mark("Phone"),
    "system": mark("Systems"),
}
"""The face that a channel shows to the customer; any other channel is told by its own name."""

_TOP_SHARE = 0.1
"""W: the steps that make up the top decile by minutes waited; a promise is missed when its 90th percentile is late."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one box.

    `encounter`: its running number, 0 for a box that is none; `detail`: one line with what the box has no room for;
    `is_wait`: W; `is_failing`: F; `is_moment`: a moment of truth; `skipped`: the share of journeys that went on
    without it, as text, "" for none; `is_unexpected`: it comes where it is not intended.
    """

    encounter: int = 0
    detail: str = ""
    is_wait: bool = False
    is_failing: bool = False
    is_moment: bool = False
    skipped: str = ""
    is_unexpected: bool = False

    @property
    def words(self) -> str:
        """The marks as words, for those who hear the map."""
        found = (
            (self.is_moment, say("moment of truth")),
            (self.is_wait, say("long waits")),
            (self.is_failing, say("fails")),
            (bool(self.skipped), say("skipped by {share}", share=self.skipped)),
            (self.is_unexpected, say("not intended here")),
        )
        return ", ".join(word for holds, word in found if holds)


NO_MARKS = Marks()


def channel_word(channel: str) -> str:
    """A channel as its customers would say."""
    return say(CHANNEL_WORDS.get(channel, "")) or channel.replace("_", " ").capitalize()


def marks_of(
    steps: Sequence[StepFigure],
    moves: Sequence[MoveFigure],
    times: Mapping[str, StepTimes],
    findings: Sequence[FindingFigure],
    intended: Sequence[str],
    night: Night,
    k: int,
) -> dict[str, Marks]:
    """The marks of every step. Every visible step is an encounter; they are numbered in the order of the process."""
    order = sequence([step.step for step in steps], {(m.source, m.target): m.n for m in moves}, intended)
    number = {step: n for n, step in enumerate(order, 1)}
    waits = _long_waits(steps, times, k) | _late(findings)
    failing = _at(findings, lambda f: f.status == "confirmed" and _tells_failure(f))
    moments = _at(findings, lambda f: f.status == "confirmed" and f.kind == "failure_point")
    skipped = {_step(f): formats.share(f.effect.get("value")) for f in findings if f.kind == "deviation.skipped"}
    unexpected = _at(findings, lambda f: f.kind == "deviation.unexpected")
    return {
        step.step: Marks(
            number[step.step],
            _detail(step, times.get(step.step), number[step.step], night, k),
            step.step in waits,
            step.step in failing,
            step.step in moments,
            skipped.get(step.step, ""),
            step.step in unexpected,
        )
        for step in steps
    }


def _tells_failure(finding: FindingFigure) -> bool:
    """A confirmed deviation is one whose rate is above the tolerance of the intended process."""
    return finding.kind == "failure_point" or finding.kind.startswith("deviation.")


def _step(finding: FindingFigure) -> str:
    return str(finding.where.get("step", ""))


def _at(findings: Iterable[FindingFigure], holds: Callable[[FindingFigure], bool]) -> set[str]:
    return {_step(finding) for finding in findings if holds(finding)}


def _long_waits(steps: Sequence[StepFigure], times: Mapping[str, StepTimes], k: int) -> set[str]:
    told = [step.step for step in steps if step.n_customers >= k and step.step in times]
    waited = [step for step in told if times[step].wait_sum_ms > 0]
    ranked = sorted(waited, key=lambda step: (-times[step].wait_sum_ms, step))
    return set(ranked[: math.ceil(_TOP_SHARE * len(ranked))])


def _late(findings: Iterable[FindingFigure]) -> set[str]:
    """Steps with a promise ('within ...') that more than one in ten cases miss: their 90th percentile is late."""
    return {
        _step(finding)
        for finding in findings
        if finding.kind == "deviation.rule"
        and finding.extra.get("form") == "within"
        and (finding.effect.get("value") or 0) > _TOP_SHARE
    }


def _detail(step: StepFigure, times: StepTimes | None, number: int, night: Night, k: int) -> str:
    """What a box has no room for: 'Encounter 7, Phone agents: 29 a week, in 5.3 % of journeys. It takes ...'"""
    face = channel_word(step.channel)
    if step.n_customers < k:
        return say("Encounter {number}, {face}.", number=number, face=face)
    sentences = [
        say(
            "Encounter {number}, {face}: {n} a week, in {share} of journeys.",
            number=number,
            face=face,
            n=per_week(step.n_events, night),
            share=formats.ratio(step.n_journeys, night.n_journeys),
        )
    ]
    if times and step.engaged_ms:
        sentences.append(
            say(
                "It takes {median} (median), 9 of 10 within {most}, {minutes} customer minutes a week.",
                median=formats.duration(step.engaged_ms),
                most=formats.duration(times.engaged_p90_ms),
                minutes=formats.number((times.engaged_sum_ms or 0) / 60_000 / weeks(night)),
            )
        )
    if times and times.wait_sum_ms:
        sentences.append(
            say(
                "Of it in a queue: {median} (median), 9 of 10 within {most}.",
                median=formats.duration(times.wait_median_ms),
                most=formats.duration(times.wait_p90_ms),
            )
        )
    return " ".join(sentences)


def weeks(night: Night) -> float:
    """Length of the data window in weeks; at least a day."""
    if night.data_from is None or night.data_to is None:
        return 1.0
    return max((night.data_to - night.data_from).total_seconds(), 86_400.0) / 604_800


def per_week(n: int, night: Night) -> str:
    """A count as its mean per week of the data window."""
    return formats.number(n / weeks(night))
