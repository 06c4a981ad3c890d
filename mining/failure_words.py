"""What a failure point says, in sentences for a manager (method note 0.8)."""

from __future__ import annotations

from ingest.language import mark, say
from mining.context import Context
from mining.failing import Effect, Failing, Model, e_value
from mining.hazard_counts import BEFORE, DELAYED, GIVING_UP, GOOD
from mining.sentences import all_of, paragraph, percent_text

_ACCOUNTED = {
    "band": mark("how far the journey was"),
    "prior": mark("earlier contacts"),
    "is_back": mark("whether the customer was here before"),
    "is_off": mark("the time of the week"),
    "wait": mark("the wait"),
    "is_again": mark("whether the step had come before"),
    "kind": mark("the kind of goods"),
    "value": mark("the order's value"),
    "poor": mark("how much the product's page says"),
}
_TITLES = {
    "terminal": mark(
        "After {step}, {outcome} comes next in {p1} % of cases, where {p0} % would be usual (odds x {odds} "
        "[{low} to {high}])"
    ),
    DELAYED: mark(
        "Within {days} days after {step}, {outcome} comes in {p1} % of cases, where {p0} % would be usual (odds x "
        "{odds} [{low} to {high}])"
    ),
    GIVING_UP: mark("After {step}, {p1} % give up, where {p0} % would be usual (odds x {odds} [{low} to {high}])"),
}
_COUNTED = {
    "all": mark("In all closed journeys, it came after {hits} of {n} times at this step."),
    "confirm": mark("Among customers kept apart for checking, it came after {hits} of {n} times at this step."),
}


def title(context: Context, one: Failing, effect: Effect, interval: tuple[float, float]) -> str:
    """One sentence: the outcome after the step, against what would be usual."""
    return say(
        _TITLES[one.outcome.form],
        step=context.label(one.step),
        outcome=context.label(one.outcome.name),
        days=context.method.failure_days,
        p0=_percent(effect.p0),
        p1=_percent(effect.p1),
        odds=f"{effect.odds:.1f}",
        low=f"{interval[0]:.1f}",
        high=f"{interval[1]:.1f}",
    )


def evidence_text(context: Context, found: Model, one: Failing, effect: Effect, sample: str) -> str:
    """What was counted and compared, and how many bad outcomes a week that is."""
    per_week = one.rate.n["all"] / context.weeks
    low, mid, high = (per_week * max(0.0, p - effect.p0) for p in (effect.p_low, effect.p1, effect.p_high))
    return paragraph(
        say(_COUNTED[sample], hits=f"{one.rate.hits[sample]:,.0f}", n=f"{one.rate.n[sample]:,}"),
        say(
            "Usual is what steps like {reference} of the same stage have, after accounting for {factors}.",
            reference=context.label(one.reference),
            factors=all_of([say("the stage"), *(say(_ACCOUNTED[name]) for name in found.factors)]),
        ),
        say(
            "The difference is {points} and amounts to {excess} [{low} to {high}] bad outcomes a week; {share} % of "
            "all such outcomes follow this step.",
            points=percent_text(effect.difference, effect.p_low - effect.p0, effect.p_high - effect.p0, "+"),
            excess=f"{mid:.1f}",
            low=f"{low:.1f}",
            high=f"{high:.1f}",
            share=f"{100 * one.share_of_bad:.0f}",
        ),
    )


def caution(context: Context, one: Failing, effect: Effect, needed: int | None) -> str:
    """What to keep in mind before acting on it."""
    method = context.method
    ratio = effect.p1 / effect.p0 if effect.p0 > 0 else 1.0
    known = one.known_by(method.confidence)
    return paragraph(
        say("Not enough data: about {n} times at this step would be needed.", n=f"{needed:,}") if needed else "",
        say("The step may simply be the way by which customers come to this outcome.") if one.is_door(method) else "",
        say("This likely reflects who takes this step: the outcome is more frequent before it, too.")
        if BEFORE in known
        else "",
        say(
            "The step may simply lie nearer to the end than the main step of its stage: good ends come more often "
            "after it, too."
        )
        if GOOD in known
        else "",
        say(
            "This is not proof of cause. To account for it, a factor that no log tells would have to make both the "
            "step and the outcome {e} times as likely.",
            e=f"{e_value(ratio):.1f}",
        ),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if share >= 0.01 else f"{100 * share:.2f}"
