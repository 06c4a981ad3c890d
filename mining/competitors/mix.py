"""How our own customers come, from the log: the mix that strata are weighted by, and the log beside our shops."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from ingest.store import Store
from mining.competitors.scenarios import Scenario
from mining.context import Context

_SQL = Path(__file__).parent / "mix.sql"
Stratum = tuple[str, str, str]
"""(scenario, channel, daypart)."""


@dataclass(frozen=True)
class LogTimes:
    """Our contacts of a scenario and channel that take time: mean and variance of the logarithm of their minutes."""

    n: int
    n_customers: int
    mean_log: float
    variance_log: float


@dataclass(frozen=True)
class Mix:
    """`contacts`: our contacts by stratum. `times`: by (scenario, channel). Empty where the log knows no scenario."""

    contacts: Mapping[Stratum, int] = field(default_factory=dict)
    times: Mapping[tuple[str, str], LogTimes] = field(default_factory=dict)


def read_mix(store: Store, context: Context, scenarios: Collection[Scenario]) -> Mix:
    """Leaves the temporary table research_contact. A stratum of too few customers to be told counts as none."""
    pairs = sorted({(one.scenario, step) for one in scenarios for step in one.steps if step in context.touch})
    steps = {
        "scenario": pa.array([a for a, _ in pairs], pa.string()),
        "step": pa.array([b for _, b in pairs], pa.string()),
    }
    store.put("scenario_step", pa.table(steps))
    params = {
        "zone": context.timezone,
        "window_from": dt.datetime.combine(context.window_from, dt.time()),
        "window_to": dt.datetime.combine(context.window_to, dt.time()),
    }
    store.run(_SQL.read_text(encoding="utf-8"), params, name="research_contact")
    store.drop("scenario_step")
    contacts = store.rows(
        """select scenario, channel, daypart, count(*) from research_contact group by all
        having count(distinct customer_id) >= $k order by all""",
        {"k": context.method.small_cell_customers},
    )
    times = store.rows(
        """select scenario, channel, count(*), count(distinct customer_id), avg(ln(ms / 60000.0)),
            coalesce(var_samp(ln(ms / 60000.0)), 0)
        from research_contact where ms > 0 group by all order by all"""
    )
    return Mix(
        {(scenario, channel, part): n for scenario, channel, part, n in contacts},
        {(scenario, channel): LogTimes(*rest) for scenario, channel, *rest in times},
    )


def per_customer(store: Store, strata: Collection[Stratum]) -> list[tuple[int, int]]:
    """(contacts, ms) of each of our customers in these strata, in the window."""
    _put(store, strata)
    rows = store.rows(
        """select count(*), sum(ms)::bigint
        from research_contact semi join wanted_stratum using (scenario, channel, daypart)
        group by customer_id order by customer_id"""
    )
    store.drop("wanted_stratum")
    return [(int(n), int(ms)) for n, ms in rows]


def mark_journeys(store: Store, finding_id: str, strata: Collection[Stratum], measure: str) -> None:
    """Write into finding_journey which closed journeys come with these strata; amount = `measure` of a journey."""
    amount = {"minutes": "max(ms) / 60000.0", "contacts": "count(*)::double"}[measure]
    _put(store, strata)
    store.run("delete from finding_journey where finding_id = $id", {"id": finding_id}, name="finding_journey")
    store.run(
        f"""insert into finding_journey
        select $id, journey_id, {amount}
        from research_contact semi join wanted_stratum using (scenario, channel, daypart)
        semi join population using (journey_id)
        group by journey_id order by journey_id""",
        {"id": finding_id},
        name="finding_journey",
    )
    store.drop("wanted_stratum")


def _put(store: Store, strata: Collection[Stratum]) -> None:
    columns = list(zip(*sorted(strata), strict=True)) or [(), (), ()]
    names = ("scenario", "channel", "daypart")
    store.put(
        "wanted_stratum", pa.table({name: pa.array(c, pa.string()) for name, c in zip(names, columns, strict=True)})
    )
