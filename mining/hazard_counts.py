"""What is a bad outcome, and the steps that hazard models look at (what is at risk of one: mining/hazard_rows.py).

What is an outcome, as the step dictionary tells:
- terminal: a step declared `bad = true` of class outcome ("cancels the order"). It ends the risk; y = 1 where it is the
  very next step. The risk also ends with a good outcome that is practically never followed by it (the goods are there).
- terminal: giving up. A closed journey that entered upon an order (a step of the customer in stage order that has its
  legitimate number of repeats, so no browsing and no login) and ended without any outcome. At risk from there on until
  half an hour after the last such step: who looks at goods days later has given up before.
- delayed: any other step declared `bad = true` (a complaint). y = 1 where the customer comes to it within 7 days.
No outcome: what is behind the line of visibility, steps that are merely `reactive`, journeys that still run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mining.context import Context

GIVING_UP = "giving up"
TERMINAL, DELAYED = "terminal", "delayed"
BEFORE, GOOD = "before", "good"
"""The negative controls: the outcome came before the step; a good end came within the days in
which a delayed outcome counts. Such an end does not come of what fails: who takes a step after which both are more
frequent is merely nearer to the end."""
_NEVER_SHARE = 0.05
"""A good outcome ends the risk of a bad one that comes after it in less than this share of journeys with both."""
Ends = Callable[[str, Sequence[str]], Iterable[tuple[str, int, int]]]
"""(terminal outcome, good ones) -> of each of these: journeys with both, and of them those with the bad one later."""


@dataclass(frozen=True)
class Outcome:
    """A bad outcome: the step, or GIVING_UP; `form`: terminal, delayed or giving up."""

    name: str
    form: str
    ends: tuple[str, ...] = ()

    @property
    def is_terminal(self) -> bool:
        """Whether it ends the journey's risk."""
        return self.form != DELAYED


def outcomes(context: Context, ends: Ends) -> list[Outcome]:
    """The bad outcomes of the site, in the order of the dictionary, giving up last."""
    bad = [touch for touch in context.touch.values() if touch.bad]
    good = good_ends(context)
    found = []
    for touch in bad:
        is_terminal = touch.step_class == "outcome"
        over = never_followed(good, ends(touch.step, good)) if is_terminal else ()
        found.append(Outcome(touch.step, TERMINAL if is_terminal else DELAYED, over))
    over = (*good, *(touch.step for touch in bad))
    return [*found, Outcome(GIVING_UP, GIVING_UP, over)] if good and begins(context) else found


def good_ends(context: Context) -> list[str]:
    """The outcomes that are not declared bad."""
    return [step for step, touch in context.touch.items() if touch.step_class == "outcome" and not touch.bad]


def begins(context: Context) -> list[str]:
    """The steps by which a customer enters upon an order."""
    return [
        step
        for step, touch in context.touch.items()
        if touch.stage == "order"
        and touch.actor == "customer"
        and not (touch.is_free or touch.bad or touch.step_class == "outcome")
    ]


def never_followed(good: Iterable[str], rows: Iterable[tuple[str, int, int]]) -> tuple[str, ...]:
    """The good outcomes that the bad one practically never follows. rows: (good outcome, journeys with both, of these
    with the bad one later)."""
    followed = {step for step, n_both, n_after in rows if n_after > _NEVER_SHARE * n_both}
    return tuple(step for step in good if step not in followed)


def kaplan_meier(counts: Iterable[tuple[int, int, int]], t_max: int, at_risk_min: int) -> list[list[float]]:
    """[[t, share without the outcome after t, journeys still at risk before t]] (Kaplan and Meier 1958), up to t_max
    and while at least `at_risk_min` are at risk."""
    by_t = {t: (n_events, n_gone) for t, n_events, n_gone in counts}
    at_risk = sum(n_events + n_gone for n_events, n_gone in by_t.values())
    share, out = 1.0, [[0.0, 1.0, float(at_risk)]]
    for t in range(1, t_max + 1):
        if at_risk < at_risk_min:
            break
        n_events, n_gone = by_t.get(t, (0, 0))
        share *= 1 - n_events / at_risk
        out.append([float(t), round(share, 6), float(at_risk)])
        at_risk -= n_events + n_gone
    return out
