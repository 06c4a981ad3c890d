"""Contacts that lead to another one: repeat contact beyond what the same customers do anyway (method note 4.2).

One finding per subject (the contact's intent), for 7 days; 1 and 14 days stand beside it in `extra` and in the text: as
findings of their own they would tell a manager one thing three times. A contact whose intent is unknown is repeated by
any contact, and the finding says so. What a customer does anyway is their own far window, 28 days later; where all
customers together call much more or less then (a season ends), the window 28 days earlier stands in, and that is said.

Status: H0 "excess at most 0", one-sided normal test; family = the subjects with the floor of contacts.
- not_enough_data: too few contacts with full follow-up (28 days and the days themselves).
- candidate: BH q <= 0.10 in the discovery parts. confirmed: Holm <= 0.05 over the candidates in the parts kept apart,
  whose excess is published.
- cannot_tell: neither, or no far window is in season; the text says what would have been seen.
The grade is B: customers are compared with themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scipy import stats

from ingest.language import mark, say, say_n
from ingest.store import Store
from mining import evidence, marked, repeat_words
from mining.context import Context
from mining.deciding import Decision, decide
from mining.evidence import Reach
from mining.excess import smallest_seen
from mining.findings import Finding
from mining.population import Scope
from mining.subjects import FAR_DAYS, Subject, read_subjects

NAME = "repeat_contact"
KINDS = ("repeat_contact",)
SUMMARY = "contacts that lead to another one on the same subject, beyond what the same customers do anyway"
READS = ("event", "journey", "journey_event", "journey_metrics", "customer", "touch")

FAMILY = "repeat_contact:excess"
EFFECT = mark("contacts that lead to another")
_NO_GAP = mark("contacts are counted by customer and day, not by journey")
_UNKNOWN = mark("no contact could be followed for long enough")
_CALLS_FOLLOWED, _CONTACTS_FOLLOWED = mark("calls with full follow-up"), mark("contacts with full follow-up")
_STRICT_Z = 1.96
_SCOPE = Scope()
_CHANCE = """create or replace temporary table chance as
    select followed.about as place, journey_event.journey_id, count(*)::integer as n,
        (count(*) filter (followed.is_again))::integer as hits, 0 as before
    from followed inner join journey_event using (event_no) group by place, journey_id order by place, journey_id"""


def find(store: Store, context: Context) -> list[Finding]:
    """One finding per subject that enough customers call about again."""
    subjects = read_subjects(store, context)
    decisions = decide_all(subjects, context)
    n_tested = sum(decision.q is not None for decision in decisions.values())
    least = context.method.small_cell_customers
    enough = [one for one in subjects if (sums := one.of("all")) and sums.n_customers_again >= least]
    store.run(_CHANCE, name="chance")
    shown = marked.publishable(store, context, _SCOPE, KINDS, enough)
    evidence.fold(store, "repeat_contact", len(subjects), len(subjects) - len(enough), 0)
    return [_finding(store, context, one, decisions[one.about], reach, n_tested) for one, reach in shown]


def decide_all(subjects: Sequence[Subject], context: Context) -> dict[str, Decision]:
    """The decision on each subject: tested are those with the floor of contacts and a level season."""
    method = context.method
    tested = {one.about: one for one in subjects if one.followed >= method.repeat_contacts_min and one.season.is_level}
    discovery = {about: one.p_value("discovery") for about, one in tested.items()}
    decided = decide(method, discovery, list(tested), lambda about: tested[about].p_value("confirm"))
    for about, decision in decided.items():
        if decision.status == "confirmed" and robustness(tested[about])["sign_stable"] is False:
            decided[about] = replace(decision, status="candidate")
    for one in subjects:
        status = "not_enough_data" if one.followed < method.repeat_contacts_min else "cannot_tell"
        decided.setdefault(one.about, Decision(status, None, None))
    return decided


def robustness(subject: Subject) -> dict[str, Any]:
    """The excess without the heaviest customers and with strict identity; gaps between journeys play no part."""
    parts: dict[str, Any] = {}
    signs = []
    for name, split in (("without_top_1pct_customers", "light"), ("strict_identity", "strict")):
        sums, told = subject.of(split), subject.excess(split)
        if sums is None or told is None or sums.contacts < 30:
            n = sums.contacts if sums else 0
            parts[name] = {"reason": say_n("only {n} contact is left", "only {n} contacts are left", n, n=n)}
        else:
            parts[name] = {"value": round(told[0], 6), "n": sums.contacts}
            # few are known strictly: their excess may fall below 0 by chance
            signs.append(told[0] + (_STRICT_Z * told[1] if split == "strict" else 0) > 0)
    parts |= {"half_gap": {"reason": say(_NO_GAP)}, "double_gap": {"reason": say(_NO_GAP)}}
    return {**parts, "sign_stable": all(signs) if signs else None}


def _finding(
    store: Store, context: Context, subject: Subject, decision: Decision, reach: Reach, n_tested: int
) -> Finding:
    method = context.method
    decision = replace(decision, status=context.status(subject.finding_id, decision.status))
    sample = "confirm" if decision.status == "confirmed" else "all"
    estimate = _estimate(subject, sample, method.confidence)
    ci: dict[str, Any] = {"reason": say(_UNKNOWN)}
    if estimate:
        ci = {"low": round(estimate[1], 6), "high": round(estimate[2], 6), "level": method.confidence}
        ci["method"] = say("normal, linearised, clusters = customers")
    return marked.finding(
        store,
        context,
        subject,
        decision,
        status=decision.status,
        grade="B",
        n=_n_part(subject, sample, reach, method.repeat_contacts_min if decision.status == "not_enough_data" else None),
        effect={
            "name": EFFECT,
            "value": round(estimate[0], 6) if estimate else None,
            "unit": mark("share of calls") if subject.is_calls else mark("share of contacts"),
            "baseline": 0.0,
            "direction": "up",
        },
        ci=ci,
        cost=_cost(context, subject),
        robustness=robustness(subject),
        title=repeat_words.title(subject, decision, estimate),
        text_evidence=repeat_words.evidence_text(subject, sample),
        text_caution=repeat_words.caution(subject, decision, method.repeat_contacts_min),
        family=FAMILY,
        m=n_tested,
        extra=_extra(subject),
    )


def _estimate(subject: Subject, split: str, confidence: float) -> tuple[float, float, float] | None:
    """(excess, low, high) of a split; None where it can't be told."""
    told = subject.excess(split)
    if told is None:
        return None
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * told[1]
    return told[0], told[0] - half, told[0] + half


def _n_part(subject: Subject, sample: str, reach: Reach, n_needed: int | None) -> dict[str, Any]:
    sums = subject.of(sample)
    return {
        "units": sums.contacts if sums else 0,
        "unit": _CALLS_FOLLOWED if subject.is_calls else _CONTACTS_FOLLOWED,
        "sample": sample,
        "customers": reach.customers,
        "journeys": reach.journeys,
        "exposed": subject.followed,
        "events": subject.n_contacts,
        "n_needed": n_needed,
    }


def _cost(context: Context, subject: Subject) -> dict[str, Any]:
    """Minutes a week of the further contacts, taken to be as long as the others on the subject."""
    sums = subject.of("all")
    if sums is None or sums.excess() is None:
        return evidence.no_cost(say(_UNKNOWN))
    z = float(stats.norm.ppf(0.5 + context.method.confidence / 2))
    weeks = max(context.weeks - (FAR_DAYS + subject.days) / 7, 1 / 7)
    cost = evidence.no_cost("")
    for key, name, reason in (
        ("customer_min_per_week", "t", say("no engaged time is known for these contacts")),
        ("company_min_per_week", "h", say("the logs tell no handling time for these contacts")),
    ):
        if not sums.total[name]:
            cost["reason"][key] = reason
            continue
        middle, error = sums.time(name)
        low, mid, high = (
            round(max(0.0, seconds) / 60 / weeks, 2) for seconds in (middle - z * error, middle, middle + z * error)
        )
        cost[key] = {"low": low, "mid": mid, "high": high, "unit": "min/week"}
        cost["basis"][key], cost["reason"][key] = evidence.MEASURED, None
    return evidence.with_money(cost, context)


def _extra(subject: Subject) -> dict[str, Any]:
    everyone, kept_apart = subject.of("all"), subject.excess("confirm")
    windows = {}
    for days in subject.all_days:
        sums, told = subject.of("all", days), subject.excess("all", days)
        if sums and told:
            shares = {"a": sums.soon, "b": sums.far, "excess": told[0], "se": told[1]}
            windows[str(days)] = {name: round(value, 6) for name, value in shares.items()} | {"n": sums.contacts}
    return {
        "N": subject.days,
        "a": round(everyone.soon, 6) if everyone else None,
        "b": round(everyone.far, 6) if everyone else None,
        "windows": windows,
        "any_intent": not subject.about,
        "far_window": f"{FAR_DAYS} days {subject.season.side}",
        "season_ratio": subject.season.ratio,
        "mde": round(smallest_seen(kept_apart[1]), 6) if kept_apart and kept_apart[1] else None,
    }
