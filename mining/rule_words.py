"""What a finding about a rule says: its sentence in the customer's words, its place, its cautions."""

from __future__ import annotations

from typing import Any

from ingest.language import mark, say, say_n
from mining.context import Context
from mining.deviation_words import CAUTIONS, minutes_text, tolerated
from mining.evidence import Reach
from mining.rates import Rate
from mining.rule_activations import Roles, roles
from mining.rules import Limit, Rule
from mining.sentences import any_of, count_text, paragraph, share_text

_NOT_FOLLOWED = mark("In {share} of cases {trigger} was not followed by {answer} within {limit}")
_NOT_FOLLOWED_UNLESS = mark(
    "In {share} of cases {trigger} was not followed by {answer} within {limit}, without {unless} either"
)
_TITLES = {
    "within": _NOT_FOLLOWED,
    "if_then": _NOT_FOLLOWED,
    "never_after": mark("In {share} of cases {trigger} was followed by {answer} within {limit}"),
    "requires": mark("In {share} of cases {answer} came without {trigger} before it"),
    "at_most": mark("{share} of the journeys with {step} had it more than {n} times"),
    "not_both": mark("{share} of the journeys with {step} or {other} had both"),
    "starts_with": mark("{share} of the journeys did not start with {step}"),
    "ends_with": mark("{share} of the journeys did not end with {steps}"),
}
"""Form of a rule -> how it was broken."""
_MORE_THAN_ONCE = mark("{share} of the journeys with {step} had it more than once")
_CAUTIONS = {
    **CAUTIONS,
    "cannot_tell": mark("The rate lies above the tolerance, but on so few cases that it may be chance."),
    "not_enough_data": mark("Not enough data: about {n} cases would be needed to say more."),
    "confirmed": mark("A count: a step that the logs miss looks like a broken rule, so check the recording first."),
}


def place(rule: Rule, role: Roles) -> dict[str, Any]:
    """Where on the map a rule sits: `step`, with `prev` or `next`, or the `members` it lists."""
    if role.trigger is not None:
        return {"step": role.answer, "prev": role.trigger}
    if rule.form == "ends_with":
        return {"members": list(rule.steps)}
    return {"step": rule.steps[0]} | ({"next": rule.steps[1]} if len(rule.steps) > 1 else {})


def chance(rule: Rule, role: Roles) -> str | None:
    """The step that a journey must have had to be a counter-example; None: any journey is."""
    if rule.form == "requires":
        return role.answer
    if role.trigger is not None:
        return role.trigger
    return rule.steps[0] if rule.form in ("at_most", "not_both") else None


def title(context: Context, rule: Rule, share: str) -> str:
    """One sentence with the share of cases that broke the rule."""
    text, role = _TITLES[rule.form], roles(rule)
    if rule.unless:
        text = _NOT_FOLLOWED_UNLESS
    elif rule.form == "at_most" and rule.times == 1:
        text = _MORE_THAN_ONCE
    labels = [context.label(step) for step in rule.steps]
    return say(
        text,
        share=share,
        trigger=context.label(role.trigger or ""),
        answer=context.label(role.answer or ""),
        unless=context.label(rule.unless or ""),
        limit=limit_text(rule.limit) if rule.limit else "",
        n=rule.times,
        step=labels[0],
        other=labels[-1],
        steps=any_of(labels),
    )


def limit_text(limit: Limit) -> str:
    """'2 business days'."""
    n = limit.n
    return {
        "minute": say_n("{n} minute", "{n} minutes", n, n=n),
        "hour": say_n("{n} hour", "{n} hours", n, n=n),
        "day": say_n("{n} day", "{n} days", n, n=n),
        "week": say_n("{n} week", "{n} weeks", n, n=n),
        "business minute": say_n("{n} business minute", "{n} business minutes", n, n=n),
        "business hour": say_n("{n} business hour", "{n} business hours", n, n=n),
        "business day": say_n("{n} business day", "{n} business days", n, n=n),
    }[limit.of]


def evidence_text(
    rate: Rate, sample: str, reach: Reach, cost: dict[str, Any], ci: dict[str, Any], extra: dict[str, Any]
) -> str:
    """How often it was broken, by how many customers, what is still open, what it took of the customers."""
    n_open = extra["n_open"]
    return paragraph(
        _broken(rate, sample, reach, ci),
        tolerated(extra["tolerance"]),
        say_n(
            "{n} further case is not counted: its time is not over.",
            "{n} further cases are not counted: their time is not over.",
            n_open,
            n=f"{n_open:,}",
        )
        if n_open
        else "",
        minutes_text(cost),
    )


def _broken(rate: Rate, sample: str, reach: Reach, ci: dict[str, Any]) -> str:
    n_all = count_text(rate.n["all"])
    if not rate.hits["all"]:
        return say("The rule was kept in all {n} cases.", n=n_all)
    told = {
        "hits": count_text(rate.hits[sample]),
        "n": count_text(rate.n[sample]),
        "share": share_text(rate.share(sample), ci),
        "customers": f"{reach.customers:,}",
    }
    if sample == "all":
        return say("The rule was broken in {hits} of {n} cases ({share}), by {customers} customers.", **told)
    return say(
        "Among the customers kept apart for checking the rule was broken in {hits} of {n} cases ({share}). In all: "
        "{hits_all} of {n_all} cases ({share_all} %), by {customers} customers.",
        **told,
        hits_all=count_text(rate.hits["all"]),
        n_all=n_all,
        share_all=f"{100 * rate.share('all'):.1f}",
    )


def caution(rule: Rule, status: str, needed: int | None, extra: dict[str, Any]) -> str:
    """What to keep in mind before acting on it."""
    assumed = rule.limit and rule.limit.unit != "real" and not extra["calendar"]
    return paragraph(
        say(_CAUTIONS[status], n=f"{needed or 0:,}"),
        say("Business time is taken as Monday to Friday, 9 to 17: the site has no process/calendar.toml.")
        if assumed
        else "",
    )
