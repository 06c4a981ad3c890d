"""What a finding about a step that might go says, in sentences for a manager."""

from __future__ import annotations

from ingest.language import mark, say
from mining.context import Context, quoted
from mining.equivalence import Difference
from mining.sentences import paragraph

MAY_WORSEN = mark(
    "A step that does nothing on average may still matter in rare and costly cases, as a check, a record or a pause. "
    "Customers were not sent past it by lot."
)
_TITLES = {
    True: mark("{step} could be dropped: journeys with it end badly no more and no less often ({points})"),
    False: mark(
        "{step} may be of no use: journeys end much alike with and without it ({points}), which is not yet shown"
    ),
}
"""Whether it is shown -> the sentence."""
_ALIKE = mark(
    "Journeys with and without it are alike after accounting for how they began, how far they were and whether the "
    "customer was here before."
)
_LACKING = mark("Not enough data: about {n} journeys with it and as many without would be needed.")
_LACKING_DEAR = mark(
    "Not enough data: of the dearest orders, about {n} journeys with it and as many without would be needed."
)


def title(context: Context, step: str, points: str, *, is_shown: bool) -> str:
    """One sentence with the difference in `points` and its interval."""
    return say(_TITLES[is_shown], step=context.label(step), points=points)


def ends(context: Context, step: str, before: str, shown: Difference) -> str:
    """How journeys end with and without it."""
    return say(
        "After {before}, {n_with} journeys had {step} and {bad_with} % of them ended badly; {n_without} went on "
        "without it, and {bad_without} % did.",
        before=context.label(before),
        step=context.label(step),
        n_with=f"{shown.n_with:,}",
        n_without=f"{shown.n_without:,}",
        bad_with=f"{100 * shown.bad_with:.1f}",
        bad_without=f"{100 * shown.bad_without:.1f}",
    )


def alike(points: str, margin: float | None, distance: float) -> str:
    """How far apart they are at most: in how they end, and in what comes next."""
    told = {"points": points, "apart": f"{100 * distance:.1f}"}
    if margin is None:
        return say("The adjusted difference is {points}; what comes next differs by at most {apart} %.", **told)
    return say(
        "The adjusted difference is {points}, within {margin} points; what comes next differs by at most {apart} %.",
        **told,
        margin=f"{100 * margin:g}",
    )


def caution(context: Context, top: Difference | None, needed: int | None, *, is_of_dear: bool) -> str:
    """What to keep in mind before acting on it. `top`: the dearest orders apart, where there are any; `is_of_dear`: it
    is of them that too few are `needed` to tell."""
    values = lacking = ""
    if context.order_value is None:
        values = say("No order values are declared ([costs] order_value), so dear orders were not looked at apart.")
    elif top is None:
        values = say("No event carries the declared order value {name}.", name=quoted(context.order_value))
    if needed is not None:
        lacking = say(_LACKING_DEAR if is_of_dear else _LACKING, n=f"{needed:,}")
    return paragraph(say(_ALIKE), say(MAY_WORSEN), values, lacking)
