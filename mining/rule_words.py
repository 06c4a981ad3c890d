"""What a finding about a rule says: its sentence in the customer's words, its place, its cautions."""

from __future__ import annotations

from typing import Any

from mining.context import Context
from mining.deviation_words import CAUTIONS, minutes_text, tolerated
from mining.evidence import Reach
from mining.rates import Rate, count_text, share_text
from mining.rule_activations import Roles
from mining.rules import Rule


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
    label = [context.label(step) for step in rule.steps]
    within = f"within {rule.limit.text}" if rule.limit else ""
    if rule.unless:
        within += f", without {context.label(rule.unless)} either"
    if rule.form == "within":
        return f"In {share} of cases {label[1]} was not followed by {label[0]} {within}"
    if rule.form == "if_then":
        return f"In {share} of cases {label[0]} was not followed by {label[1]} {within}"
    if rule.form == "never_after":
        return f"In {share} of cases {label[1]} was followed by {label[0]} {within}"
    if rule.form == "requires":
        return f"In {share} of cases {label[0]} came without {label[1]} before it"
    if rule.form == "at_most":
        often = "once" if rule.times == 1 else f"{rule.times} times"
        return f"{share} of the journeys with {label[0]} had it more than {often}"
    if rule.form == "not_both":
        return f"{share} of the journeys with {label[0]} or {label[1]} had both"
    if rule.form == "starts_with":
        return f"{share} of the journeys did not start with {label[0]}"
    return f"{share} of the journeys did not end with {' or '.join(label)}"


def evidence_text(
    rate: Rate, sample: str, reach: Reach, cost: dict[str, Any], ci: dict[str, Any], extra: dict[str, Any]
) -> str:
    """How often it was broken, by how many customers, what is still open, what it took of the customers."""
    part = (
        f"broken in {count_text(rate.hits[sample])} of {count_text(rate.n[sample])} cases "
        f"({share_text(rate.share(sample), ci)})"
    )
    if not rate.hits["all"]:
        sentences = [f"The rule was kept in all {count_text(rate.n['all'])} cases."]
    elif sample == "all":
        sentences = [f"The rule was {part}, by {reach.customers:,} customers."]
    else:
        sentences = [
            f"Among the customers kept apart for checking the rule was {part}. In all: {count_text(rate.hits['all'])} "
            f"of {count_text(rate.n['all'])} cases ({100 * rate.share('all'):.1f} %), by {reach.customers:,} customers."
        ]
    sentences.append(tolerated(extra["tolerance"]))
    if extra["n_open"]:
        sentences.append(f"{extra['n_open']:,} further cases are not counted: their time is not over.")
    return " ".join(sentences + minutes_text(cost))


def caution(rule: Rule, status: str, needed: int | None, extra: dict[str, Any]) -> str:
    """What to keep in mind before acting on it."""
    texts = {
        **CAUTIONS,
        "cannot_tell": "The rate lies above the tolerance, but on so few cases that it may be chance.",
        "not_enough_data": f"Not enough data: about {needed or 0:,} cases would be needed to say more.",
        "confirmed": "A count: a step that the logs miss looks like a broken rule, so check the recording first.",
    }
    text = texts[status]
    if rule.limit and rule.limit.unit != "real" and not extra["calendar"]:
        text += " Business time is taken as Monday to Friday, 9 to 17: the site has no process/calendar.toml."
    return text
