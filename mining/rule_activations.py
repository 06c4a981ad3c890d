"""Evaluates the rules of the intended process in the warehouse, each activation by itself (method note 3.5).

An activation is what a rule waits for: each event that sets a term, each event that needs another before it, or each
journey, as the form has it. While its window is not over it is open: neither kept nor broken, and not counted, whether
or not what it waits for has come already (else late ones would be missing from the newest). One that lapses (`unless`:
the named step came before the term was over) counts neither. A journey without activation is in no denominator.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.store import Store
from mining.context import Context
from mining.intended import Intended
from mining.population import Scope
from mining.rules import Rule

_SQL = Path(__file__).parent / "rule_events.sql"
_COULD_FOLLOW = "(a.hi > t.lo or (a.hi = t.lo and a.pos > t.pos))"
_SURELY_FOLLOWS = "(a.lo > t.hi or (a.lo = t.hi and a.pos > t.pos))"
_OVER = "(select {end} from rule_end) - t.hi_{unit} >= $amount"
_TERM = """select t.journey_id, not exists (
        select 1 from rule_event as a where a.journey_id = t.journey_id and a.step = $answer and a.pos <> t.pos
            and {could_follow} and a.lo_{unit} - t.hi_{unit} <= $amount
    ) as is_violation from rule_event as t where t.step = $trigger and {over} and not exists (
        select 1 from rule_event as z where z.journey_id = t.journey_id and z.step = $unless
            and z.lo_{unit} - t.hi_{unit} <= $amount
    )"""
_NEVER = """select t.journey_id, exists (
        select 1 from rule_event as a where a.journey_id = t.journey_id and a.step = $answer and a.pos <> t.pos
            and {surely_follows} and a.hi_{unit} - t.lo_{unit} <= $amount
    ) as is_violation from rule_event as t where t.step = $trigger and {over}"""
_OPEN = "select count(*) from rule_event as t where t.step = $trigger and not {over}"
_REQUIRES = """select a.journey_id, not exists (
        select 1 from rule_event as t where t.journey_id = a.journey_id and t.step = $before and a.pos <> t.pos
            and {could_follow}
    ) as is_violation from rule_event as a where a.step = $step"""
_AT_MOST = """select journey_id, count(*) > $times as is_violation from rule_event
    where step = $step group by journey_id"""
_NOT_BOTH = """select journey_id, count(distinct step) > 1 as is_violation from rule_event
    where step in ($step, $other) group by journey_id"""
_EDGE = """with counted as (
        select * from rule_event where list_contains($steps, step)
            or not list_contains($ignored, step) and (len($only) = 0 or list_contains($only, step))
    ),
    edge as (
        select journey_id, min(pos) as first_pos, arg_min(hi, pos) as first_hi, max(pos) as last_pos,
            arg_max(lo, pos) as last_lo
        from counted group by journey_id
    )
    select journey_id, not bool_or(list_contains($steps, step) and {at_edge}) as is_violation
    from counted inner join edge using (journey_id) group by journey_id"""
_AT_EDGE = {"starts_with": "(pos = first_pos or lo < first_hi)", "ends_with": "(pos = last_pos or hi > last_lo)"}


@dataclass(frozen=True)
class Roles:
    """Which step of a rule sets it off, and which is waited for or forbidden; None for rules of whole journeys."""

    trigger: str | None
    answer: str | None


def roles(rule: Rule) -> Roles:
    """The roles of a rule's steps, by its form."""
    if rule.form in ("within", "never_after", "requires"):
        answer, trigger = rule.steps
        return Roles(trigger, answer)
    return Roles(*rule.steps) if rule.form == "if_then" else Roles(None, None)


def evaluate(store: Store, context: Context, intended: Intended, scope: Scope) -> list[int]:
    """Fill `rule_activation` (rule_no from 0); returns the number of open activations of each rule."""
    store.run(
        f"create or replace temporary table rule_journey as select journey_id from population where {scope.condition}"
    )
    edges = any(rule.form in _AT_EDGE for rule in intended.rules)
    steps = [] if edges else sorted({step for rule in intended.rules for step in (*rule.steps, rule.unless) if step})
    sql = _SQL.read_text(encoding="utf-8").split(";\n")
    store.run(sql[0], {"steps": steps}, name="rule_event")
    store.run(sql[1], {"night_end": night_end(store, context)}, name="rule_end")
    store.run(sql[2], name="rule_activation")
    n_open = []
    for number, rule in enumerate(intended.rules):
        query, params = _query(rule, intended)
        insert = f"insert into rule_activation select {number}, journey_id, is_violation from ({query}) order by all"
        store.run(insert, params, name=f"rule {number}")
        n_open.append(_n_open(store, rule))
    return n_open


def night_end(store: Store, context: Context) -> dt.datetime:
    """The moment up to which the data tell, UTC: the end of the night's day on the site's clock."""
    text = store.value("select value from run_fact where name = 'night_end'")
    return dt.datetime.fromisoformat(str(text)) if text else dt.datetime.combine(context.window_to, dt.time())


def _query(rule: Rule, intended: Intended) -> tuple[str, dict[str, Any]]:
    """The query for (journey_id, is_violation) of a rule's activations, and its parameters."""
    if rule.limit is not None:
        place = roles(rule)
        params: dict[str, Any] = {"trigger": place.trigger, "answer": place.answer, "amount": rule.limit.amount}
        if rule.form == "never_after":
            return _timed(_NEVER, rule), params
        return _timed(_TERM, rule), {**params, "unless": rule.unless or ""}
    if rule.form == "requires":
        return _REQUIRES.format(could_follow=_COULD_FOLLOW), {"step": rule.steps[0], "before": rule.steps[1]}
    if rule.form == "at_most":
        return _AT_MOST, {"step": rule.steps[0], "times": rule.times}
    if rule.form == "not_both":
        return _NOT_BOTH, {"step": rule.steps[0], "other": rule.steps[1]}
    only: Sequence[str] = sorted(intended.labels) if intended.other_steps == "ignore" else []
    params = {"steps": list(rule.steps), "ignored": sorted(intended.ignore), "only": only}
    return _EDGE.format(at_edge=_AT_EDGE[rule.form]), params


def _timed(form: str, rule: Rule) -> str:
    unit = rule.limit.unit if rule.limit else ""
    over = _OVER.format(unit=unit, end="real_" if unit == "real" else unit)
    return form.format(unit=unit, over=over, could_follow=_COULD_FOLLOW, surely_follows=_SURELY_FOLLOWS)


def _n_open(store: Store, rule: Rule) -> int:
    if rule.limit is None:
        return 0
    params = {"trigger": roles(rule).trigger, "amount": rule.limit.amount}
    return int(store.value(_timed(_OPEN, rule), params))
