"""What a finding about a loop says, in sentences for a manager."""

from __future__ import annotations

from typing import Any

from ingest.language import mark, say, say_n
from mining.context import Context, quoted
from mining.cycles import Loop
from mining.evidence import Reach
from mining.sentences import all_of, count_text, paragraph, range_text

SEVERAL_NEEDS = mark(
    "Whether these contacts are about one matter can't be told: in most of these journeys no order joins them, and who "
    "calls twice within days may have two questions. Findings of the kind repeat contact answer that."
)
_TITLES = {
    "rework": (
        mark("{name} was done again, by several ways, in {share} of the journeys that reached it, one extra time each"),
        mark(
            "{name} was done again, by several ways, in {share} of the journeys that reached it, {n} extra times each"
        ),
    ),
    "self": (
        mark("{name} came again in {share} of the journeys that reached it, one extra time each"),
        mark("{name} came again in {share} of the journeys that reached it, {n} extra times each"),
    ),
    "contacts": (
        mark("{share} of the journeys that reached {entry} went through {names} again, once each"),
        mark("{share} of the journeys that reached {entry} went through {names} again, {n} times each"),
    ),
    "to and fro": (
        mark("{share} of the journeys that reached {entry} went back and forth between {names}, once each"),
        mark("{share} of the journeys that reached {entry} went back and forth between {names}, {n} times each"),
    ),
    "round": (
        mark("{share} of the journeys that reached {entry} went round {names} again, once each"),
        mark("{share} of the journeys that reached {entry} went round {names} again, {n} times each"),
    ),
}
"""Shape of a loop -> the sentence where journeys go round it once, and more often."""


def _names(context: Context, loop: Loop) -> list[str]:
    """The members in words, in order, from the one where the loop closes most often."""
    start = loop.order.index(loop.entry) if loop.entry in loop.order else 0
    order = (*loop.order[start:], *loop.order[:start])
    if "departments" in loop.where:
        return [quoted(name) for name in order]
    return [context.label(step) for step in order]


def _shape(context: Context, loop: Loop, n_names: int) -> str:
    """Which of the titles it has."""
    if loop.kind == "rework":
        return "rework"
    if n_names == 1:
        return "self"
    if loop.is_of_steps and all(context.touch[step].step_class == "contact" for step in loop.steps):
        return "contacts"  # another call of the same steps is no to and fro
    return "to and fro" if n_names == 2 else "round"


def title(context: Context, loop: Loop, share: str, mean: float) -> str:
    """One sentence with the share of journeys that go round it, and how often each does."""
    names = _names(context, loop)
    shape = _shape(context, loop, len(names))
    more = len(names) - 3
    shown = names
    if shape == "round" and len(names) > 4:
        shown = [*names[:3], say_n("{n} more step", "{n} more steps", more, n=more)]
    return say(
        _TITLES[shape][mean >= 1.05],
        name=names[0],
        names=all_of(shown),
        entry=quoted(loop.entry) if "departments" in loop.where else context.label(loop.entry),
        share=share,
        n=f"{mean:.1f}",
    )


def evidence_text(context: Context, counted: str, reach: Reach, extra: dict[str, Any], cost: dict[str, Any]) -> str:
    """How many journeys (`counted`), how often, the minutes inside, who ends there, whether it is a tendency."""
    inside = extra["exit_abnormal"]
    return paragraph(
        counted,
        _passes(extra["passes"], reach, cost["customer_min_per_week"]),
        say_n(
            "Of these journeys {n} ends there, without getting out of it.",
            "Of these journeys {n} end there, without getting out of it.",
            inside,
            n=count_text(inside),
        )
        if inside
        else "",
        *_tendency_sentences(context, extra["tendency"]),
    )


def _passes(passes: int, reach: Reach, minutes: dict[str, Any] | None) -> str:
    told = {"n": count_text(passes), "customers": count_text(reach.customers)}
    if not minutes or minutes["high"] <= 0:
        return say("{n} passes by {customers} customers.", **told)
    return say(
        "{n} passes by {customers} customers, {minutes} customer minutes a week inside the loop.",
        **told,
        minutes=range_text(minutes),
    )


def _tendency_sentences(context: Context, told: dict[str, Any] | None) -> list[str]:
    return [
        say(
            "Shown as a tendency: in one and the same journey, {back_to} follows {at} more often after coming from it.",
            back_to=context.label(one["back_to"]),
            at=context.label(one["at"]),
        )
        for one in (told["tests"] if told else [])
        if one["is_shown"]
    ]


def caution(status: str, needed: int | None, extra: dict[str, Any], *, of_needs: bool) -> str:
    """What to keep in mind before acting on it. `of_needs`: it is gone round within one need, as far as can be told."""
    if status == "cannot_tell" and not of_needs:
        return say(SEVERAL_NEEDS)
    if status == "cannot_tell":
        return say(
            "Nearly every journey has it again at once: its start and its end are probably both recorded. If so, leave "
            "one of them undeclared, or say repeats = 1 in the step dictionary."
        )
    if status == "not_enough_data":
        return say(
            "Not enough data: about {n} journeys that reach the step would be needed to say more.", n=f"{needed:,}"
        )
    told = extra["tendency"]
    is_refuted = told and told["verdict"] == "not shown" and any(test["q"] is not None for test in told["tests"])
    return paragraph(
        say("This is a plain count: it shows that it happens and how often, not why, and not that it is unwanted."),
        say("It has not been seen often enough in the customers kept apart for checking.")
        if status == "candidate"
        else "",
        say(
            "It is not shown as a tendency: within a journey, who came from one of the two did not go back to it more "
            "often than others."
        )
        if is_refuted
        else "",
    )
