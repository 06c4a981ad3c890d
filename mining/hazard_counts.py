"""What the hazard models are fitted on, counted in SQL: bad outcomes, rows at risk, patterns, score sums of customers.

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

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.store import Store
from mining.context import Context
from mining.hazard import N_CELLS, Ints, Patterns, Times
from mining.hazard_goods import account
from mining.population import CHOSEN

GIVING_UP = "giving up"
TERMINAL, DELAYED = "terminal", "delayed"
_SQL = Path(__file__).parent / "hazards.sql"
BAD, BEFORE, GOOD = "bad", "before", "good"
"""The negative controls, counted like splits: the outcome came before the step; a good end came within the days in
which a delayed outcome counts. Such an end does not come of what fails: who takes a step after which both are more
frequent is merely nearer to the end."""
_SEEN = (BAD, GOOD, BEFORE)
_NEVER_SHARE = 0.05
"""A good outcome ends the risk of a bad one that comes after it in less than this share of journeys with both."""
Ends = Callable[[Store, str, Iterable[str]], tuple[str, ...]]

_VISIT_MIN = 30
"""Who gives up has left within so many minutes of the last step upon the order; a visit of later days is another."""

_FATES = {
    TERMINAL: """
        select journey_id, min(place) filter (where step = $outcome) as bad_place, 0 as first_place,
            min(place) filter (where list_contains($ends, step)) as end_place
        from hazard_moment group by journey_id""",
    GIVING_UP: f"""
        select fate.journey_id, case when any_value(fate.end_place) is null then max(m.place) + 1 end as bad_place,
            any_value(fate.first_place) as first_place, any_value(fate.end_place) as end_place
        from (
            select journey_id, min(place) filter (where list_contains($begins, step)) as first_place,
                max(occurred_at) filter (where list_contains($begins, step)) as last_at,
                min(place) filter (where list_contains($ends, step)) as end_place
            from hazard_moment group by journey_id) as fate
        inner join hazard_moment as m on fate.journey_id = m.journey_id
            and m.occurred_at <= fate.last_at + interval {_VISIT_MIN} minute
        where fate.first_place is not null
        group by fate.journey_id""",
}
_TERMINAL_ROWS = """
    create or replace temporary table hazard_row as
    with fate as ({fate}),
    whole as (select *, least(bad_place, end_place) as over_place from fate)
    select m.*, coalesce(m.place + 1 = whole.bad_place, false) as is_bad, false as is_good,
        coalesce(whole.over_place, m.n_places) - m.place as t,
        coalesce(whole.bad_place = whole.over_place, false) as is_event
    from hazard_moment as m inner join whole using (journey_id)
    where m.place >= whole.first_place and m.place < coalesce(whole.over_place, m.n_places)"""
_TERMINAL_BAD = {
    TERMINAL: "select distinct customer_id, occurred_at from hazard_moment where step = $outcome",
    GIVING_UP: "select distinct customer_id, occurred_at from hazard_row where is_bad",
}
_DELAYED_BAD = """
    select moment.customer_id, moment.occurred_at, any_value(event.call_id) as call_id
    from hazard_moment as moment inner join event using (event_no) where moment.step = $outcome group by all"""
_DELAYED_ROWS = """
    create or replace temporary table hazard_row as
    with next_bad as (
        select m.pos, min(date_diff('second', m.occurred_at, b.occurred_at)) as wait_s
        from (
            select moment.pos, moment.customer_id, moment.occurred_at, event.call_id
            from hazard_moment as moment inner join event using (event_no)
            where moment.customer_id in (select customer_id from hazard_bad)) as m
        asof inner join hazard_bad as b on m.customer_id = b.customer_id and m.occurred_at < b.occurred_at
        where m.call_id is null or m.call_id is distinct from b.call_id group by m.pos),
    good as (
        select distinct customer_id, occurred_at from hazard_moment where list_contains($good, step::varchar))
    select m.*, coalesce(next_bad.wait_s <= 86400 * $days, false) as is_bad,
        coalesce(date_diff('second', m.occurred_at, good.occurred_at) <= 86400 * $days, false) as is_good,
        least(coalesce(ceil(next_bad.wait_s / 86400.0)::integer, $days + 1), $days + 1) as t,
        coalesce(next_bad.wait_s <= 86400 * $days, false) as is_event
    from hazard_moment as m left join next_bad using (pos)
    asof left join good on m.customer_id = good.customer_id and m.occurred_at < good.occurred_at
    where m.step <> $outcome and m.occurred_at < $until"""
_CONTROL = """
    create or replace temporary table hazard_before as
    select r.pos
    from (
        select pos, customer_id, occurred_at from hazard_row
        semi join hazard_bad using (customer_id)
    ) as r
    asof inner join hazard_bad as b on r.customer_id = b.customer_id and r.occurred_at > b.occurred_at
    where b.occurred_at >= r.occurred_at - to_days($days)"""
_PATTERNS = """
    with before as (
        select step, cell, count(*) as y_before from hazard_row semi join hazard_before using (pos) group by all)
    select step::varchar as step, any_value(stage)::varchar as stage, cell::bigint as cell,
        count(*) as n_before, coalesce(any_value(y_before), 0)::bigint as y_before,
        count(*) as n_good, count(*) filter (is_good) as y_good, {counts}
    from hazard_row left join before using (step, cell) group by all order by step, cell"""
_CODES = f"select enum_code(step::step_t)::integer * {N_CELLS} + cell, pattern from hazard_pattern"
_ROWS = f"""
    select customer_id, enum_code(step)::integer * {N_CELLS} + cell as code, is_discovery, is_bad as {BAD},
        is_good as {GOOD}, pos in (select pos from hazard_before) as {BEFORE}
    from hazard_row"""


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


def prepare(store: Store, context: Context) -> None:
    """Make the temporary table `hazard_moment`."""
    store.run(_SQL.read_text(encoding="utf-8"), {"timezone": context.timezone}, name="hazards")
    account(store, context)


def outcomes(store: Store, context: Context, ends: Ends | None = None) -> list[Outcome]:
    """The bad outcomes of the site, in the order of the dictionary, giving up last. `ends` counts what ends the risk of
    a terminal one; unless given, in `hazard_moment`."""
    bad = [touch for touch in context.touch.values() if touch.bad]
    good = good_ends(context)
    found = []
    for touch in bad:
        is_terminal = touch.step_class == "outcome"
        over = (ends or _ends)(store, touch.step, good) if is_terminal else ()
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


def _ends(store: Store, outcome: str, good: Iterable[str]) -> tuple[str, ...]:
    """The good outcomes after which the bad one practically never comes."""
    rows = store.rows(
        """with bad as (select journey_id, min(place) as place from hazard_moment where step = $outcome group by all)
        select m.step::varchar, count(distinct m.journey_id),
            count(distinct m.journey_id) filter (where bad.place > m.place)
        from hazard_moment as m inner join bad using (journey_id) where list_contains($good, m.step::varchar)
        group by m.step""",
        {"outcome": outcome, "good": list(good)},
    )
    return never_followed(good, rows)


def never_followed(good: Iterable[str], rows: Iterable[tuple[str, int, int]]) -> tuple[str, ...]:
    """The good outcomes that the bad one practically never follows. rows: (good outcome, journeys with both, of these
    with the bad one later)."""
    followed = {step for step, n_both, n_after in rows if n_after > _NEVER_SHARE * n_both}
    return tuple(step for step in good if step not in followed)


def rows_at_risk(store: Store, context: Context, outcome: Outcome) -> Patterns:
    """Make `hazard_row`, one row per step at risk of the outcome, and count its patterns. Stages in which the outcome
    practically never follows tell nothing of their steps and are left out."""
    method = context.method
    if outcome.form == DELAYED:
        _bad(store, _DELAYED_BAD, outcome)
        until = np.datetime64(context.window_to) - np.timedelta64(method.failure_days, "D")
        params = {"outcome": outcome.name, "days": method.failure_days, "until": until.astype("datetime64[us]").item()}
        params["good"] = good_ends(context)
        store.run(_DELAYED_ROWS, params, name="hazard_row")
    else:
        chosen: dict[str, Any] = {"ends": list(outcome.ends)}
        chosen |= {"begins": begins(context)} if outcome.form == GIVING_UP else {"outcome": outcome.name}
        store.run(_TERMINAL_ROWS.format(fate=_FATES[outcome.form]), chosen, name="hazard_row")
        _bad(store, _TERMINAL_BAD[outcome.form], outcome)
    store.run(
        """delete from hazard_row where stage in (
            select stage from hazard_row group by stage having count(*) filter (is_bad) < $least)""",
        {"least": method.failure_outcomes_min},
        name="hazard_row",
    )
    store.run(_CONTROL, {"days": method.failure_control_days}, name="hazard_before")
    return _patterns(store)


def _bad(store: Store, query: str, outcome: Outcome) -> None:
    params = {"outcome": outcome.name} if "$outcome" in query else None
    store.run(f"create or replace temporary table hazard_bad as {query}", params, name="hazard_bad")


def _patterns(store: Store) -> Patterns:
    counts = ", ".join(
        f"count(*) filter ({chosen}) as n_{split}, count(*) filter (is_bad and {chosen}) as y_{split}"
        for split, chosen in CHOSEN.items()
    )
    table = store.arrow(_PATTERNS.format(counts=counts))
    return Patterns(
        table["step"].to_pylist(),
        table["stage"].to_pylist(),
        _numbers(table["cell"]),
        {split: _numbers(table[f"n_{split}"]) for split in (*CHOSEN, BEFORE, GOOD)},
        {split: _numbers(table[f"y_{split}"]) for split in (*CHOSEN, BEFORE, GOOD)},
    )


def _numbers(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), dtype=np.int64)


def times_at_risk(store: Store, patterns: Patterns) -> Times:
    """Every row of `hazard_row`, customer by customer and pattern by pattern: one order, so that sums are the same on
    every run."""
    columns = {"step": list(patterns.step), "cell": patterns.cell, "pattern": np.arange(len(patterns))}
    store.put("hazard_pattern", pa.table(columns))
    codes, known = (_numbers(column) for column in store.arrow(_CODES).columns)
    store.drop("hazard_pattern")
    number = np.zeros(int(codes.max()) + 1, dtype=np.int64)
    number[codes] = known
    rows = store.arrow(_ROWS)
    seen = [rows[name].to_numpy() for name in _SEEN]
    # one number a row, which sorts many times as fast as rows do
    key = rows["customer_id"].to_numpy().astype(np.int64) * 2 + rows["is_discovery"].to_numpy()
    key = key * len(patterns) + number[rows["code"].to_numpy()]
    for flag in seen:
        key = key * 2 + flag
    key.sort()
    owner, pattern = np.divmod(key >> len(seen), len(patterns))
    starts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    flags = {name: key >> place & 1 == 1 for place, name in enumerate(reversed(_SEEN))}
    return Times(np.append(starts, len(key)), pattern, flags, owner[starts] % 2 == 1)


def survival(store: Store, steps: Iterable[str]) -> dict[str, list[tuple[int, int, int]]]:
    """step -> (t, outcomes at t, journeys that leave at t) from the first time at the step; t = steps after it, or days
    after it where the outcome is delayed."""
    rows = store.rows(
        """with first as (
            select step, journey_id, arg_min(t, pos) as t, arg_min(is_event, pos) as is_event
            from hazard_row where list_contains($steps, step::varchar) group by step, journey_id)
        select step::varchar, t, count(*) filter (is_event), count(*) filter (not is_event)
        from first group by all order by all""",
        {"steps": sorted(set(steps))},
    )
    out: dict[str, list[tuple[int, int, int]]] = {}
    for step, t, n_events, n_gone in rows:
        out.setdefault(step, []).append((int(t), int(n_events), int(n_gone)))
    return out


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


def chosen_of(patterns: Patterns, step: str) -> npt.NDArray[np.bool_]:
    """Which patterns are of a step."""
    return np.array([name == step for name in patterns.step])
