"""Sights with the calls after them, and calls with the sights on both sides, reckoned on whole columns (method note 7).

A sight is a moment at which a customer meets what may make people call: a page, a search without a result, a form given
up. Whoever looks for such things leaves two temporary tables:

    sight         event_no, customer_id, occurred_at, family (among which a call is given to the nearest), place (what
                  is told of), topic, identity_strength, more (0.. what else tells sights apart by how often a call
                  follows), is_usual (whether it counts for how many calls are usual)
    topic_stage   topic, stage: the stages that calls on a topic are of

From them come `call_side`, one row per call and family: the last sight of its topic before it, and the first after it,
each of the same product where the call names one; and `exposure`, one row per customer, place and day of the site's
clock: its first sight, what kind of sight it is, and the calls after it. Names are numbers while they are reckoned
with.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from ingest.clock import bucket_minutes
from ingest.store import Store
from mining.context import Context
from mining.exposure_sides import Bools, Calls, Sides, Sights, Stages, named, plain, read, sides_of
from mining.nearest import NONE, Ints, after, before, keys

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_MONDAY = 4
"""1970-01-05, from which weeks are counted, in days since 1970."""
_SENT_US = 15 * 60_000_000
"""What an agent sends a caller to is seen within so long after the call."""

_CUSTOMERS = """
    with drawn as (
        select customer_id, any_value(part) < $discovery_parts as is_discovery from journey group by customer_id)
    select customer_id, coalesce(is_discovery, false) as is_discovery,
        row_number() over (order by n_events desc, customer_id asc) <= count(*) over () * 0.01 as is_heavy
    from customer left join drawn using (customer_id)"""
_SIDE = """
    create or replace temporary table call_side as
    select * replace (place_before::place_t as place_before, place_after::place_t as place_after,
        family::family_t as family)
    from incoming_sides"""
_EXPOSURE = """
    create or replace temporary table exposure as
    select * replace (place::place_t as place, family::family_t as family, topic::topic_t as topic)
    from incoming_exposures"""


@dataclass(frozen=True)
class Exposed:
    """By exposure, in order of customer, place and day: its first sight, its hour, and whether the customer met the
    family on an earlier day."""

    sight: Ints
    hour: Ints
    is_returning: Bools


def make(store: Store, context: Context, data_from: dt.datetime, data_to: dt.datetime, *, by_product: bool) -> None:
    """Make `call_side` and `exposure`."""
    sights, calls, stages_of = read(store, by_product=by_product)
    sides = sides_of(sights, calls, stages_of)
    first_us, last_us = (int(np.datetime64(at, "us").astype(np.int64)) for at in (data_from, data_to))
    store.put("incoming_sides", _side_table(sights, calls, sides, first_us + _DAY_US, last_us - _DAY_US))
    store.run(_SIDE, name="call_side")
    store.drop("incoming_sides")
    exposed = _exposed(sights, calls, context.timezone)
    customers = store.arrow(_CUSTOMERS, {"discovery_parts": context.method.discovery_parts})
    store.put("incoming_exposures", _exposure_table(sights, calls, sides, exposed, stages_of, customers, last_us))
    store.run(_EXPOSURE, name="exposure")
    store.drop("incoming_exposures")


def _side_table(sights: Sights, calls: Calls, sides: Sides, first_us: int, last_us: int) -> pa.Table:
    called_us = calls.at_us[sides.call]
    columns: dict[str, pa.Array] = {
        "call_no": pa.array(calls.call_no[sides.call], pa.uint32()),
        "customer_id": pa.array(calls.customer[sides.call], pa.uint32()),
        "called_at": pa.array(called_us, pa.timestamp("us")),
        "family": named(sights, "family", sides.family),
        "is_named": pa.array(calls.is_named[sides.call]),
    }
    for name, sight in (("before", sides.sight_before), ("after", sides.sight_after)):
        columns[f"place_{name}"] = named(sights, "place", sights.place[sight], sight == NONE)
        columns[f"seen_{name}"] = pa.array(sights.at_us[sight], pa.timestamp("us"), mask=sight == NONE)
    waited_us, left_us = called_us - sights.at_us[sides.sight_before], sights.at_us[sides.sight_after] - called_us
    columns["is_after"] = pa.array((sides.sight_before != NONE) & (waited_us <= _DAY_US))
    columns["is_before"] = pa.array((sides.sight_after != NONE) & (left_us <= _DAY_US))
    columns["is_inside"] = pa.array((called_us >= first_us) & (called_us < last_us))
    return pa.table(columns)


def _exposed(sights: Sights, calls: Calls, zone: str) -> Exposed:
    """The first sight of each customer, place and day; what an agent sends a caller to is none."""
    call = before(calls.keys, sights.keys, or_at=True)
    told = (
        np.flatnonzero((call == NONE) | (calls.until_us[call] <= sights.at_us - _SENT_US))
        if len(calls.keys)
        else (np.arange(len(sights.at_us)))
    )
    local_us = _local_us(sights.at_us[told], zone)
    day = local_us // _DAY_US
    first_day = int(day.min(initial=0))
    n_days = int(day.max(initial=0)) - first_day + 1
    own = sights.of_place(sights.customer[told], sights.place[told])
    _, first = np.unique(own * n_days + day - first_day, return_index=True)
    met, whose = np.unique(
        sights.customer[told[first]] * len(sights.names["family"]) + sights.family[told[first]], return_inverse=True
    )
    first_met = np.full(len(met), n_days + first_day)
    np.minimum.at(first_met, whose, day[first])
    return Exposed(told[first], local_us[first] % _DAY_US // _HOUR_US, first_met[whose] < day[first])


def _local_us(at_us: Ints, zone: str) -> Ints:
    """On the zone's clock; no zone changes its offset inside a bucket."""
    width_us = bucket_minutes(zone) * 60_000_000
    bucket = at_us // width_us
    first = int(bucket.min(initial=0))
    info, begin = ZoneInfo(zone), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    offset_us = np.zeros(int(bucket.max(initial=0)) - first + 1, dtype=np.int64)
    for at in np.flatnonzero(np.bincount(bucket - first)).tolist():
        offset = (begin + dt.timedelta(microseconds=(first + at) * width_us)).astimezone(info).utcoffset()
        assert offset is not None, "a ZoneInfo always knows its offset"
        offset_us[at] = offset // dt.timedelta(microseconds=1)
    out: Ints = at_us + offset_us[bucket - first]
    return out


def _exposure_table(
    sights: Sights,
    calls: Calls,
    sides: Sides,
    exposed: Exposed,
    stages_of: Stages,
    customers: pa.Table,
    last_us: int,
) -> pa.Table:
    called_us, is_named = _credited(sights, calls, sides, exposed)
    chosen = np.flatnonzero(sights.at_us[exposed.sight] < last_us - _DAY_US)
    sight = exposed.sight[chosen]
    chosen = chosen[np.argsort(sights.place[sight], kind="stable")]
    sight, seen_us = exposed.sight[chosen], sights.at_us[exposed.sight[chosen]]
    customer, is_strict = sights.customer[sight], sights.is_strict[sight]
    flags = {name: np.zeros(int(customer.max(initial=0)) + 1, dtype=bool) for name in ("is_heavy", "is_discovery")}
    known = plain(customers["customer_id"])
    inside = known < len(flags["is_heavy"])
    for name, flag in flags.items():
        flag[known[inside]] = plain(customers[name])[inside]
    wait_us = called_us[chosen] - seen_us
    stratum = exposed.hour[chosen] // 6 * 4 + is_strict * 2 + exposed.is_returning[chosen]
    columns: dict[str, pa.Array] = {
        "customer_id": pa.array(customer, pa.uint32()),
        "event_no": pa.array(sights.event_no[sight], pa.uint32()),
        "family": named(sights, "family", sights.family[sight]),
        "place": named(sights, "place", sights.place[sight]),
        "topic": named(sights, "topic", sights.topic[sight]),
        "is_usual": pa.array(sights.is_usual[sight]),
        "seen_at": pa.array(seen_us, pa.timestamp("us")),
        "more": pa.array(sights.more[sight], pa.int8()),
        "stratum": pa.array(stratum, pa.int8()),
        "week_no": pa.array((seen_us // _DAY_US - _MONDAY) // 7, pa.int32()),
        "is_strict": pa.array(is_strict),
        "is_named": pa.array(is_named[chosen]),
        "is_called_elsewhere": pa.array(_elsewhere(sights, calls, sight, stages_of)),
    }
    columns |= {name: pa.array(flag[customer]) for name, flag in flags.items()}
    for name, hours in (("is_called_2h", 2), ("is_called", 24), ("is_called_72h", 72)):
        columns[name] = pa.array((wait_us > 0) & (wait_us <= hours * _HOUR_US))
    return pa.table(columns)


def _credited(sights: Sights, calls: Calls, sides: Sides, exposed: Exposed) -> tuple[Ints, Bools]:
    """By exposure: the first call that is credited to it (0: none), and whether one names its product. A call is
    credited once: to the last exposure of the place that is the last one of its family before it."""
    side = np.flatnonzero(sides.sight_before != NONE)
    call, place = sides.call[side], sights.place[sides.sight_before[side]]
    known = keys(
        sights.of_place(sights.customer[exposed.sight], sights.place[exposed.sight]), sights.at_us[exposed.sight]
    )
    at = before(known, keys(sights.of_place(calls.customer[call], place), calls.at_us[call]))
    call, at = call[at != NONE], at[at != NONE]
    called_us, is_named = np.full(len(exposed.sight), np.iinfo(np.int64).max), np.zeros(len(exposed.sight), dtype=bool)
    np.minimum.at(called_us, at, calls.at_us[call])
    is_named[at[calls.is_named[call]]] = True
    return np.where(called_us == np.iinfo(np.int64).max, 0, called_us), is_named


def _elsewhere(sights: Sights, calls: Calls, sight: Ints, stages_of: Stages) -> Bools:
    """Whether a call on another topic comes within a day after a sight."""
    out = np.zeros(len(sight), dtype=bool)
    for topic in np.unique(sights.topic[sight]).tolist():
        own = np.flatnonzero(sights.topic[sight] == topic)
        is_other = ~np.isin(calls.stage, list(stages_of.get(topic, ()))) & ~calls.is_named & ~calls.is_unknown
        call = np.flatnonzero(is_other)
        at = after(calls.keys[call], sights.keys[sight[own]])
        found = at != NONE
        out[own[found]] = calls.at_us[call[at[found]]] <= sights.at_us[sight[own[found]]] + _DAY_US
    return out
