"""What a declared change did to customers (method note 8), one finding per change and metric of process/changes.toml.

Weekly log ratios of who got it and who did not, before and after (mining/changes). There is no split of customers: the
change, its groups and metrics are named beforehand, so its metrics are the family.
- not_enough_data: fewer than 8 full weeks before or 4 after the wash-out, or 200 contacts a week.
- cannot_tell: a guard of mining/changes/judging.py; and fewer weeks where there is no control.
- confirmed: Holm over the change's metrics <= 0.05, grade A or B. candidate: p <= 0.05 and BH q <= 0.10; grade D is
  never more.
- below_tolerance: nothing is shown; the text says what would have been.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ingest.language import mark, say
from ingest.store import Store
from mining import evidence, marked
from mining.changes import groups, judging, moves, rollouts, shifts, surroundings, words
from mining.changes.declared import Change
from mining.changes.judging import Answer
from mining.changes.series import Table
from mining.context import Context
from mining.deciding import Decision
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.population import Scope
from mining.statistics import benjamini_hochberg, holm

NAME = "change_effects"
KINDS = ("change_effect",)
SUMMARY = "what a declared change did to customers, in weeks before and after, against contacts it left as they were"
READS = ("event", "touch", "customer", "journey", "journey_event", "journey_metrics", "source_day")

EFFECT_UNIT = mark("share of the level before")
_SCOPE = Scope()
_NO_GAP = mark("contacts are counted by week, not by journey")
_OTHER_MINUTES = mark("its minutes are told with the customer minutes per need")
_WEEKS, _CONTACTS, _CUSTOMERS = mark("full weeks"), mark("contacts in a usual week"), mark("customers")
_SERIES = """create or replace table change_week (
    change_id varchar, metric varchar, is_control boolean, monday date, is_after boolean, value double,
    n_contacts bigint
)"""
_DECLARED = """create or replace table declared_change (
    change_id varchar, label varchar, day date, waves date[], design varchar, affected varchar,
    control varchar, note varchar
)"""
_CHANCE = """create or replace temporary table chance as
    select $change as place, moment.journey_id, count(*)::integer as n,
        (count(*) filter (unit.day >= $day))::integer as hits, 0 as before
    from change_unit as unit
    inner join change_contact as contact using (contact_key)
    inner join journey_event as moment on moment.event_no = contact.event_no
    where unit.change_no = $change_no and unit.group_no >= 0
    group by moment.journey_id
    union all
    select $change, moment.journey_id, count(*)::integer, (count(*) filter (unit.day >= $day))::integer, 0
    from change_unit as unit
    inner join event on unit.contact_key = 'visit ' || event.session_id
    inner join journey_event as moment on moment.event_no = event.event_no
    where unit.change_no = $change_no and unit.group_no >= 0 and starts_with(unit.contact_key, 'visit ')
    group by moment.journey_id
    order by journey_id"""


@dataclass(frozen=True)
class Effect:
    """An answer as something that becomes a finding."""

    answer: Answer
    decision: Decision
    kind: str = "change_effect"

    @property
    def place(self) -> str:
        """Its name in `chance`: all metrics of a change are shown by the same journeys."""
        return self.answer.change.change

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return {"change": self.answer.change.change, "metric": self.answer.metric.name}

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)


def find(store: Store, context: Context) -> list[Finding]:
    """The findings of all declared changes that have begun; none on a site without a register."""
    changes = [one for one in context.changes if one.first_day < context.window_to]
    store.run(_SERIES, name="change_week")
    declare(store, context.changes)
    if not changes and not context.is_night:
        return []
    table = Table(store, groups.prepare(store, context, changes), context.method)
    if context.is_night:
        shifts.remember(store, shifts.find(store, table, changes))
        moves.prepare(store, table, changes)
    touching = surroundings.touching(store, changes)
    found: list[Finding] = []
    for number, change in enumerate(changes):
        codes = surroundings.codes_of_one_side(store, number, change, table)
        answers = [
            judging.judge(number, change, metric, table, touching[number], codes)
            for metric in judging.known(change.chosen)
        ]
        told = [one for one in answers if one.reason != "nothing" or change.metrics]
        remember(store, told, context.method.small_cell_customers)
        if context.is_night:
            rollouts.find(store, number, change, judging.stretches(number, change, table, touching[number]))
        found += _findings(store, context, number, told)
    return found


def decide(answers: Sequence[Answer], context: Context) -> list[Decision]:
    """The decision on each metric of a change; its metrics are the family."""
    method = context.method
    tested = [one for one in answers if one.p is not None]
    p = [one.p or 0.0 for one in tested]
    by_metric = dict(
        zip((one.metric.name for one in tested), zip(p, benjamini_hochberg(p), holm(p), strict=True), strict=True)
    )
    out = []
    for one in answers:
        if one.metric.name not in by_metric:
            is_short = one.reason in ("weeks", "contacts") and one.design != "its"
            out.append(Decision("not_enough_data" if is_short else "cannot_tell", None, None))
            continue
        own, q, adjusted = by_metric[one.metric.name]
        status = "below_tolerance"
        if q <= method.discovery_q and own <= method.confirm_alpha:
            status = "confirmed" if adjusted <= method.confirm_alpha and one.grade in "AB" else "candidate"
        out.append(Decision(status, own, q))
    return out


def _findings(store: Store, context: Context, number: int, answers: Sequence[Answer]) -> list[Finding]:
    if not answers:
        return []
    change = answers[0].change
    params = {"change": change.change, "change_no": number, "day": change.first_day}
    store.run(_CHANCE, params, name="chance")
    effects = [Effect(one, decision) for one, decision in zip(answers, decide(answers, context), strict=True)]
    shown = marked.publishable(store, context, _SCOPE, KINDS, effects)
    departments = surroundings.shared_departments(store, number, change)
    m = sum(one.decision.p is not None for one in effects)
    return [_finding(store, context, one, reach, departments, m) for one, reach in shown]


def _finding(store: Store, context: Context, one: Effect, reach: Reach, departments: Sequence[str], m: int) -> Finding:
    answer, method = one.answer, context.method
    status = context.status(one.finding_id, one.decision.status)
    if status == "confirmed" and (answer.reason or answer.grade == "D"):
        status = "candidate" if not answer.reason else "cannot_tell"
    has_part = answer.part is not None and not answer.reason
    ci: dict[str, Any] = {"reason": words.why_not(answer, method) or say("it can't be told")}
    if has_part and answer.part:
        ci = {"low": round(answer.part[1], 6), "high": round(answer.part[2], 6), "level": method.confidence}
        ci["method"] = say(_METHODS[answer.design])
    return marked.finding(
        store,
        context,
        one,
        one.decision,
        status=status,
        grade=answer.grade,
        n=_n_part(answer, reach, status, context),
        effect={
            "name": answer.metric.label,
            "value": round(answer.part[0], 6) if has_part and answer.part else None,
            "unit": EFFECT_UNIT,
            "baseline": 0.0,
            "direction": "down" if has_part and answer.part and answer.part[0] < 0 else "up",
        },
        ci=ci,
        cost=_cost(context, answer),
        robustness={"half_gap": {"reason": say(_NO_GAP)}, "double_gap": {"reason": say(_NO_GAP)}, "sign_stable": None},
        title=words.title(answer, status),
        text_evidence=words.evidence_text(answer, status),
        text_caution=words.caution(answer, status, departments, _demand(answer), method),
        family=f"change:{answer.change.change}",
        m=m,
        extra=_extra(answer),
    )


_METHODS = {
    "did": mark("Welch's t on weeks, treated minus control"),
    "staggered": mark("mean over the waves, Welch's t on weeks, treated minus those who wait"),
    "its": mark("interrupted series of weeks with a slope, no control"),
    "rct": mark("normal, linearised, clusters = customers"),
}


def _n_part(answer: Answer, reach: Reach, status: str, context: Context) -> dict[str, Any]:
    method = context.method
    n_pre, n_post = (len(answer.pair.z(part)) for part in (0, 1))
    units, unit, needed = n_pre + n_post, _WEEKS, method.change_pre_weeks_min + method.change_post_weeks_min
    if answer.reason == "contacts":
        units, unit, needed = math.floor(answer.pair.contacts_a_week()), _CONTACTS, method.change_contacts_min
    elif answer.design == "rct" and not answer.reason:
        units, unit = round(answer.detail["n_treated"] + answer.detail["n_control"]), _CUSTOMERS
    return {
        "units": units,
        "unit": unit,
        "sample": "all",
        "customers": reach.customers,
        "journeys": reach.journeys,
        "exposed": sum(week.n_units for side in answer.pair.treated for week in side),
        "events": None,
        "n_needed": needed if status == "not_enough_data" or answer.reason in ("weeks", "contacts") else None,
    }


def _demand(answer: Answer) -> tuple[float, float] | None:
    """Contacts a week of the affected group before and after, where they moved by more than a tenth."""
    sides = [[week.n_units for week in side] for side in answer.pair.treated]
    if not all(sides) or answer.design == "rct":
        return None
    before, after = (sum(side) / len(side) for side in sides)
    return (before, after) if before and abs(after / before - 1) > 0.1 else None


def _cost(context: Context, answer: Answer) -> dict[str, Any]:
    """Minutes a week that the change takes from customers (or gives back, below 0), per need. Other metrics: none, the
    same minutes would count twice."""
    names = {"customer_min_per_need": "customer_min_per_week", "agent_min_per_need": "company_min_per_week"}
    key = names.get(answer.metric.name)
    if key is None:
        return evidence.no_cost(say(_OTHER_MINUTES))
    level, weeks = answer.pair.level(1), answer.pair.treated[1]
    if answer.part is None or answer.reason or level is None:
        return evidence.no_cost(say("it can't be told"))
    needs = sum(week.n for week in weeks) / len(weeks)
    # what the level after would have been without the change, at each end of the interval
    low, mid, high = sorted(level * needs * (1 - 1 / (1 + part)) for part in answer.part)
    cost = evidence.no_cost(say(_OTHER_MINUTES))
    cost[key] = {"low": round(low, 2), "mid": round(mid, 2), "high": round(high, 2), "unit": "min/week"}
    cost["basis"][key] = "assumed:method.abandon_penalty_min" if key == "customer_min_per_week" else evidence.MEASURED
    cost["reason"][key] = None
    return evidence.with_money(cost, context) if key == "company_min_per_week" else cost


def _extra(answer: Answer) -> dict[str, Any]:
    change, found = answer.change, answer.estimate
    return {
        "change": change.change,
        "label": change.label,
        "metric": answer.metric.name,
        "better": answer.metric.better,
        "expected": change.expected.get(answer.metric.name),
        "design": answer.design,
        "reason": answer.reason or None,
        "day": change.first_day.isoformat(),
        "waves": [one.date.isoformat() for one in change.waves],
        "washout_weeks": change.washout_weeks,
        "has_control": change.control is not None,
        "n_pre": len(answer.pair.z(0)),
        "n_post": len(answer.pair.z(1)),
        "before": answer.pair.level(0),
        "after": answer.pair.level(1),
        "control_before": answer.pair.level(0, of_control=True),
        "control_after": answer.pair.level(1, of_control=True),
        "contacts_a_week": answer.pair.contacts_a_week(),
        "mde": None if answer.mde is None else round(answer.mde, 6),
        "sd_week": None if found is None else round(found.sd_week, 6),
        "pretrend": round(answer.slope, 6),
        "runs_apart": answer.runs_apart,
        "placebo_ci": None if answer.placebo is None else [round(one, 6) for one in answer.placebo],
        "n_placebos": answer.n_placebos,
        "second_opinion": None if answer.second is None else [round(one, 6) for one in answer.second],
        "definition_check": change.definition_check,
        "codes": list(answer.codes),
        "others": list(answer.others),
        "detail": {name: round(value, 6) for name, value in answer.detail.items()},
        "accepted_finding": change.finding,
    }


def declare(store: Store, changes: Sequence[Change]) -> None:
    """Write the register to `declared_change`, for the pages that show it."""
    store.run(_DECLARED, name="declared_change")
    rows = [
        {
            "change_id": one.change,
            "label": one.label,
            "day": one.first_day,
            "waves": [wave.date for wave in one.waves],
            "design": judging.design_of(one),
            "affected": "; ".join(wave.affected.told() for wave in one.waves),
            "control": one.control.told() if one.control else "",
            "note": one.definition_check or "",
        }
        for one in changes
    ]
    if rows:
        store.put("incoming_changes", pa.Table.from_pylist(rows))
        store.run("insert into declared_change by name from incoming_changes", name="declared_change")
        store.drop("incoming_changes")


def remember(store: Store, answers: Sequence[Answer], least: int) -> None:
    """Write the weekly series of the answers to `change_week`; weeks of too few contacts are left out."""
    rows = [
        {
            "change_id": one.change.change,
            "metric": one.metric.name,
            "is_control": is_control,
            "monday": week.monday,
            "is_after": bool(part),
            "value": week.hits / week.n / one.metric.divisor,
            "n_contacts": week.n_units,
        }
        for one in answers
        for is_control, sides in ((False, one.pair.treated), (True, one.pair.control))
        for part, side in enumerate(sides)
        for week in side
        if week.n >= least
    ]
    if not rows:
        return
    store.put("incoming_weeks", pa.Table.from_pylist(rows))
    store.run("insert into change_week by name from incoming_weeks order by all", name="change_week")
    store.drop("incoming_weeks")
