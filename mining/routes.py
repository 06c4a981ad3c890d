"""The ways that journeys at risk of a bad outcome go up to it, as counts of distinct ways (method note 6.1, 6.2).

A way is told in the steps that customers can tell it in: no browsing, no bad outcome, no answer to trouble
(`reactive`), nor the door through which one comes to a terminal outcome (the step directly before half of them or
more). `t` counts these steps. A journey that ended badly has the way up to the outcome (without the steps of the
outcome's own call); any other is at risk at each t from where the risk begins (giving up: the order is entered upon)
to where it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.store import Store, literal
from mining.context import Context
from mining.hazard_counts import GIVING_UP, TERMINAL, Outcome, begins, outcomes
from mining.population import SPLITS

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]
_FOLDER = Path(__file__).parent
NOTHING = 255
"""In `Routes.codes`: the way is over."""
T_MAX = 40
"""Steps of a way that are looked at; who goes further is compared there."""

_ENDS = """
    create or replace temporary table route_end as
    with fate as (
        select variant_id, min(place) filter (where step::varchar = $outcome) as bad_place,
            min(place) filter (where list_contains($ends, step::varchar)) as end_place,
            min(place) filter (where list_contains($begins, step::varchar)) as begun_place, max(place) + 1 as n_places
        from route_moment group by variant_id),
    judged as (
        select variant_id, case when $given_up then begun_place else 0 end as first_place,
            case when $given_up then end_place is null
                else coalesce(bad_place <= coalesce(end_place, n_places), false) end as is_bad,
            coalesce(least(case when not $given_up then bad_place end, end_place), n_places) as over_place
        from fate)
    select p.journey_id, p.variant_id, p.customer_id, p.is_discovery, p.is_heavy, p.is_strict, judged.is_bad,
        judged.first_place, judged.over_place, p.first_pos
    from population as p inner join judged using (variant_id)
    where p.pattern is null and not p.is_unrecorded and not p.is_truncated and judged.first_place is not null
    order by p.journey_id"""
_OWN_CALL = """
    create or replace temporary table route_call as
    with bad as (
        select e.journey_id, any_value(r.first_pos) as first_pos, any_value(event.call_id) as call_id
        from route_end as r inner join journey_event as e on e.pos = r.first_pos + r.over_place
        inner join event using (event_no)
        where r.is_bad and event.call_id is not null group by e.journey_id)
    select bad.journey_id, min(e.pos - bad.first_pos)::integer as place
    from bad inner join journey_event as e using (journey_id) inner join event using (event_no)
    where event.call_id = bad.call_id group by bad.journey_id"""
_LESS_OWN_CALL = """
    create or replace temporary table route_end as
    select r.* replace (least(r.over_place, coalesce(route_call.place, r.over_place)) as over_place)
    from route_end as r left join route_call using (journey_id) order by r.journey_id"""
_FATES = """
    create or replace temporary table route_fate as
    with counted as (
        select variant_id, is_bad, first_place, over_place, count(*) as n_all,
            count(*) filter (is_discovery) as n_discovery, count(*) filter (not is_discovery) as n_confirm,
            count(*) filter (not is_heavy) as n_light, count(*) filter (is_strict) as n_strict
        from route_end group by variant_id, is_bad, first_place, over_place),
    placed as (
        select c.variant_id, c.is_bad, c.first_place, c.over_place,
            (count(s.t) filter (s.place < c.first_place))::integer as n_before,
            (count(s.t) filter (s.place < c.over_place))::integer as n_until
        from counted as c left join route_step as s using (variant_id) group by all)
    select (row_number() over (order by variant_id, is_bad, over_place) - 1)::integer as fate_no,
        dense_rank() over (order by variant_id) - 1 as way_no, counted.*, placed.n_before, placed.n_until
    from counted inner join placed using (variant_id, is_bad, first_place, over_place) order by fate_no"""
_BOTH = """
    with way as (
        select variant_id, count(*) as n from population
        where pattern is null and not is_unrecorded and not is_truncated group by variant_id),
    bad as (
        select variant_id, min(place) as place from route_moment where step::varchar = $outcome group by variant_id),
    good as (
        select variant_id, step::varchar as step, min(place) as place from route_moment
        where list_contains($good, step::varchar) group by all)
    select good.step, sum(way.n), coalesce(sum(way.n) filter (bad.place > good.place), 0)
    from good inner join bad using (variant_id) inner join way using (variant_id) group by good.step order by 1"""
_DOOR = """
    select m.step::varchar, count(*) as n from route_end as r
    inner join route_moment as m on m.variant_id = r.variant_id and m.place = r.over_place - 1
    where r.is_bad group by m.step order by n desc, 1"""


@dataclass(frozen=True)
class Routes:
    """The distinct ways of journeys at risk of an outcome.

    steps: names by code. codes: ways x T_MAX. By fate (a way with where its risk begins and ends): `way` = its row of
    codes, is_bad, low and high = the t at which it is compared (of a bad one both are the outcome's), n = journeys by
    split. By journey: `fate`, `customer`, `journey_id`, and which splits it is in (`in_split`).
    """

    steps: tuple[str, ...]
    codes: Codes
    way: Ints
    is_bad: Bools
    low: Ints
    high: Ints
    n: dict[str, Ints]
    fate: Ints
    customer: Ints
    journey_id: Ints
    in_split: dict[str, Bools]

    def n_bad(self, split: str) -> int:
        """Journeys that ended so."""
        return int(self.n[split][self.is_bad].sum())

    def n_others(self, split: str) -> int:
        """Journeys at risk that did not end so."""
        return int(self.n[split][~self.is_bad].sum())


def bad_outcomes(store: Store, context: Context) -> list[Outcome]:
    """Make `route_moment` and `route_step`, and tell the bad outcomes of the site."""
    store.run((_FOLDER / "routes.sql").read_text(encoding="utf-8"), name="route_moment")
    _tell(store, context, frozenset())
    return outcomes(context, lambda bad, good: store.rows(_BOTH, {"outcome": bad, "good": list(good)}))


def read(store: Store, context: Context, outcome: Outcome) -> Routes | None:
    """The ways of one of the `bad_outcomes`; None where it never came."""
    given_up = outcome.form == GIVING_UP
    params = {
        "outcome": outcome.name,
        "ends": list(outcome.ends),
        "begins": begins(context) if given_up else [],
        "given_up": given_up,
    }
    store.run(_ENDS, params, name="route_end")
    if not store.value("select count(*) from route_end where is_bad"):
        return None
    if not given_up:
        store.run(_OWN_CALL, name="route_call")
        store.run(_LESS_OWN_CALL, name="route_end")
    doors = _doors(store, context) if outcome.form == TERMINAL else frozenset()
    if doors:
        _tell(store, context, doors)
    store.run(_FATES, name="route_fate")
    told = _arrays(store)
    if doors:
        _tell(store, context, frozenset())
    return told


def _tell(store: Store, context: Context, doors: frozenset[str]) -> None:
    """Make `route_step`: the ways in the steps that paths are told in, without `doors`."""
    told = [
        step
        for step, touch in context.touch.items()
        if touch.step_class != "browse" and not (touch.bad or touch.reactive or step in doors)
    ]
    free = [step for step in told if context.touch[step].is_free]
    for name, steps in (("route_steps", told), ("route_free", free)):
        listed = ", ".join(map(literal, steps))
        store.run(f"set variable {name} = [{listed}]::varchar[]", name=name)
    store.run((_FOLDER / "route_steps.sql").read_text(encoding="utf-8"), name="route_step")


def _doors(store: Store, context: Context) -> frozenset[str]:
    """Steps directly before so many of the outcomes that they may simply be the way to them."""
    rows = store.rows(_DOOR)
    least = context.method.failure_door_share * store.value("select count(*) from route_end where is_bad")
    return frozenset(step for step, n in rows if n >= least)


def _arrays(store: Store) -> Routes:
    fates = store.arrow("select * from route_fate order by fate_no")
    named = store.rows("select distinct step::varchar, enum_code(step) from route_step order by 2")
    steps = tuple(step for step, _ in named)
    if len(steps) >= NOTHING:
        steps = steps[: NOTHING - 1]
    place = {code: number for number, (_, code) in enumerate(named[: len(steps)])}
    told = store.arrow(
        f"""select w.way_no, s.t, enum_code(s.step) as code
        from route_step as s inner join (select distinct variant_id, way_no from route_fate) as w using (variant_id)
        where s.t <= {T_MAX} order by w.way_no, s.t"""
    )
    way = _ints(fates["way_no"])
    codes = np.full((int(way.max()) + 1, T_MAX), NOTHING, dtype=np.uint8)
    number = np.full(max(place, default=0) + 1, NOTHING, dtype=np.uint8)
    for code, at in place.items():
        number[code] = at
    codes[_ints(told["way_no"]), _ints(told["t"]) - 1] = number[np.minimum(_ints(told["code"]), len(number) - 1)]
    is_bad = np.asarray(fates["is_bad"].to_numpy(), dtype=bool)
    until = np.minimum(_ints(fates["n_until"]), T_MAX)
    journeys = store.arrow(
        """select f.fate_no, r.customer_id, r.journey_id, r.is_discovery, r.is_heavy, r.is_strict
        from route_end as r inner join route_fate as f using (variant_id, is_bad, first_place, over_place)
        order by r.journey_id"""
    )
    discovery, heavy, strict = (
        np.asarray(journeys[name].to_numpy(), dtype=bool) for name in ("is_discovery", "is_heavy", "is_strict")
    )
    return Routes(
        steps,
        codes,
        way,
        is_bad,
        np.where(is_bad, until, np.minimum(_ints(fates["n_before"]) + 1, T_MAX)),
        until,
        {split: _ints(fates[f"n_{split}"]) for split in SPLITS},
        _ints(journeys["fate_no"]),
        _ints(journeys["customer_id"]),
        _ints(journeys["journey_id"]),
        {"all": np.ones(len(strict), bool), "discovery": discovery, "confirm": ~discovery, "light": ~heavy}
        | {"strict": strict},
    )


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), dtype=np.int64)
