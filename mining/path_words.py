"""What a path to a bad outcome says, in sentences for a manager (method note 0.8, grade C)."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.language import mark, say
from mining.context import Context
from mining.hazard_counts import GIVING_UP, TERMINAL, Outcome
from mining.path_shares import Share
from mining.sentences import paragraph, percent_text, share_text

_TITLES = {
    False: mark(
        "Of journeys that came to {outcome}, {share} had gone {path}; of others at the same point, {others} % had"
    ),
    True: mark("Of orders given up, {share} had gone {path}; of others at the same point, {others} % had"),
}


def path_text(context: Context, steps: Sequence[str]) -> str:
    """'"Enters the address" → "Opens the payment page"'."""
    return " \u2192 ".join(context.label(step) for step in steps)


def title(context: Context, outcome: Outcome, steps: Sequence[str], told: Share) -> str:
    """One sentence: the share of bad journeys that went the path, and of others at the same point."""
    low, high = told.share_interval(context.method.confidence)
    return say(
        _TITLES[outcome.form == GIVING_UP],
        outcome=context.label(outcome.name),
        share=share_text(told.share, {"low": low, "high": high}),
        path=path_text(context, steps),
        others=f"{100 * told.others:.1f}",
    )


def evidence_text(context: Context, told: Share, every: Share) -> str:
    """What was counted and compared, and how often those who go the path end so."""
    went = every.hits + every.n_went
    low, high = told.interval(context.method.confidence)
    return paragraph(
        say(
            "Among customers kept apart for checking: {hits} of {n} journeys that ended so; the difference to others "
            "at the same step, about as far, is {points}.",
            hits=f"{told.hits:,}",
            n=f"{told.n:,}",
            points=percent_text(told.difference, low, high, "+"),
        ),
        say(
            "In all closed journeys, {n} went this path while they could still end so, and {hits} of them did.",
            n=f"{went:,}",
            hits=f"{every.hits:,}",
        ),
        say("The path was looked for among other customers; other steps may lie between its steps."),
    )


def caution(outcome: Outcome, needed: int | None) -> str:
    """What to keep in mind before acting on it."""
    return paragraph(
        say("Not enough data: about {n} journeys that end so would be needed.", n=f"{needed:,}") if needed else "",
        say(
            "It goes with the outcome; whether the path leads there is not shown. Who is bound to end so may go it for "
            "that very reason, and nothing else is accounted for."
        ),
        say("A path's last steps may simply be the way by which customers come to this outcome.")
        if outcome.form == TERMINAL
        else "",
    )
