"""Each audit sees the fault that is seeded for it, and nothing else; neither a clean site nor a small one alarms."""

from __future__ import annotations

import pytest

from ingest import audits
from ingest.errors import ConfigError
from ingest.site import Site
from ingest.store import Store

# The night is Sunday, 1 March 2026, UTC. Two months: web every day, calls on no Sunday, orders every day.
SOURCES = {"web": "nginx_combined", "calls": "asterisk_queue_log", "orders": "shopify_orders_json"}
FILL = """
insert into event
select
    s.source_id, cast(timestamp '2026-03-02' - to_days(d.day_no + 1) + to_milliseconds(cast(86400000 * (i + 0.5) / n as bigint)) as timestamp) as occurred_at,
    i % 50 as customer_id, if(i % 10 = 0, 'none', 'strong') as identity_strength, if(s.name = 'orders', 'p1', null) as product_id,
    if(s.name = 'orders' or i % 4 = 0, 'o' || i, null) as order_id, if(s.name = 'calls', 'c' || i, null) as call_id, null as intent,
    if(s.name = 'calls', 1000, null) as wait_ms, null as handle_ms, true as visible
from (
    select source_id, name, day_no, cast(share * $per_day * (0.8 + 0.1 * (day_no % 5)) as bigint) as n
    from (values ('web', 1.0), ('calls', 0.5), ('orders', 0.8)) as v (name, share) inner join source using (name), range(0, 60) as r (day_no)
    where not (name = 'calls' and day_no % 7 = 0)
) as s, range(0, 60) as d (day_no), range(0, s.n) as r (i)
where d.day_no = s.day_no;
insert into raw_event (source_id, occurred_at, ended_at) select source_id, occurred_at, occurred_at + interval 1 second from event;
insert into ledger by name
select
    row_number() over () as file_id, source_id, 'file' as path, count(*) + 1 as n_lines, count(*) as n_accepted, 0 as n_duplicate,
    0 as n_quarantined, 1 as n_blank, min(occurred_at) as first_at, max(occurred_at) as last_at, 'loaded' as status
from event group by source_id, cast(occurred_at as date);
insert into line_seen select source_id, uuid(), 1 from event;
"""
NIGHT = "occurred_at >= timestamp '2026-03-01'"
WEB = f"source_id = 1 and {NIGHT}"
SEEDS = {
    "volume": f"delete from event where {WEB} and customer_id % 5 < 4",
    "volume, too much": f"insert into event select e.* from event as e, range(0, 4) where {WEB}",
    "silent": f"delete from event where {WEB}",
    "orphans": f"update event set customer_id = null where {WEB}",
    "orphans, weak": f"update event set identity_strength = 'none' where {WEB} and customer_id % 2 = 0",
    "null_rates": f"update event set order_id = null where source_id = 3 and {NIGHT}",
    "duplicates": "insert into ledger by name select source_id, n_accepted * 2 as n_lines, n_accepted * 2 as n_duplicate, status from ledger where source_id = 1",
    "duplicates, fan-out": "update line_seen set k = 2 where source_id = 3 and line_hash < uuid '80000000-0000-0000-0000-000000000000'",
    "time_range": "insert into raw_event (source_id, occurred_at) select 3, timestamp '2000-01-01' from range(0, 30)",
    "time_range, backwards": "update raw_event set ended_at = occurred_at - interval 1 hour where source_id = 2 and hour(occurred_at) = 5",
    "quarantine": "update ledger set n_quarantined = 50, n_accepted = n_accepted - 49 where source_id = 2 and last_at > timestamp '2026-02-25'",
    "drift": "update ledger set n_quarantined = n_accepted - 1, n_accepted = 1 where source_id = 2 and last_at > timestamp '2026-02-23'",
    "refused": "insert into ledger by name select 9999 as file_id, 2 as source_id, 'x.gz' as path, 'refused' as status, 'damaged' as reason",
    "clock_skew": "update clock_turned set n_turned = 40",
    "over_merging": "update data_quality set n = 7 where measure = 'over-merging alarm'",
    "undeclared": "update event set visible = null where source_id = 1 and minute(occurred_at) = 3",
}  # fmt: skip
SOURCE_OF = {"null_rates": "orders", "duplicates, fan-out": "orders", "time_range": "orders", "time_range, backwards": "calls",
             "quarantine": "calls", "drift": "calls", "refused": "calls", "undeclared": None, "over_merging": None, "clock_skew": "orders"}  # fmt: skip


def warehouse(lab, per_day: int) -> tuple[Site, Store]:
    """Two months of `per_day` web events a day."""
    store = lab.store
    store.run((audits.FOLDER.parent / "schema.sql").read_text(), name="schema")
    store.run(
        """create table event (
            source_id utinyint, occurred_at timestamp, customer_id uinteger, identity_strength varchar, product_id varchar,
            order_id varchar, call_id varchar, intent varchar, wait_ms bigint, handle_ms bigint, visible boolean
        );
        create table clock_skew as select 3 as id_a, 2 as id_b, 90000 as ahead_ms, true as is_best, true as is_apart, 'apart' as verdict;
        create table clock_turned as select 3 as id_a, 2 as id_b, 4 as n_turned, 400 as n_moves;
        create table customer as select * from range(0, 50);
        create table data_quality (measure varchar, n bigint);
        insert into data_quality values ('over-merging alarm', 0), ('identifiers of the largest customer', 31);
        create table run_fact as select 'night_end' as name, '2026-03-02 00:00:00' as value"""
    )
    for number, (name, adapter) in enumerate(SOURCES.items(), 1):
        store.run(
            "insert into source values ($n, $name, $adapter, $n)", {"n": number, "name": name, "adapter": adapter}
        )
    for statement in FILL.split(";")[:-1]:
        store.run(statement, {"per_day": per_day} if "$per_day" in statement else None)
    return lab.site, store


def faults(site: Site, store: Store) -> list[tuple[str, str | None]]:
    return [(found.audit, found.source) for found in audits.run(site, store)]


def test_a_clean_site_raises_none(new_lab):
    assert faults(*warehouse(new_lab(SOURCES), 200)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seeded_fault_is_seen_and_no_other(new_lab, seed):
    site, store = warehouse(new_lab(SOURCES), 200)
    store.run(SEEDS[seed])
    found = audits.run(site, store)
    assert [(f.audit, f.source) for f in found] == [(seed.split(",")[0], SOURCE_OF.get(seed, "web"))]
    (fault,) = found
    unit = next(unit for unit in audits.audits() if unit.stem == fault.audit)
    assert fault.severity == unit.meta["severity"]
    assert fault.publishes == (fault.severity == "warn" or fault.audit == "undeclared")
    assert str(fault.n) in fault.message or fault.n == 0
    assert audits.run(site, store) == found, "a night that is repeated says the same"
    assert store.records("select audit, severity, publishes, source, n, of_n, message from audit") == [
        fault.model_dump()
    ]


@pytest.mark.parametrize(
    "seed", sorted(SEEDS.keys() - {"refused", "undeclared", "duplicates, fan-out", "over_merging"})
)
def test_a_small_site_raises_no_false_alarm(new_lab, seed):
    site, store = warehouse(new_lab(SOURCES), 5)
    store.run(
        SEEDS[seed]
        .replace("= 50", "= 2")
        .replace("- 49", "- 1")
        .replace("range(0, 30)", "range(0, 3)")
        .replace("= 40", "= 4")
    )
    assert faults(site, store) == []


def test_a_site_of_one_day_raises_none(new_lab):
    site, store = warehouse(new_lab(SOURCES), 200)
    store.run(f"delete from event where not {NIGHT}; delete from raw_event where not {NIGHT}")
    assert faults(site, store) == []


def test_logs_that_were_fetched_in_the_middle_of_a_day_raise_none(new_lab):
    """Cron at 02:15 finds two hours of the new day: that day is not over, the day before is audited."""
    site, store = warehouse(new_lab(SOURCES), 200)
    store.run("delete from event where occurred_at > timestamp '2026-03-01 02:15:00'")
    assert faults(site, store) == []
    store.run("delete from event where source_id = 1 and occurred_at >= timestamp '2026-02-28'")
    assert faults(site, store) == [("silent", "web")]


def test_every_audit_has_a_seed_and_says_what_it_is():
    units = audits.audits()
    assert {unit.stem for unit in units} == {seed.split(",")[0] for seed in SEEDS}
    for unit in units:
        assert unit.meta["severity"] in ("warn", "error") and unit.meta["summary"] and unit.meta["floors"]


def test_severities_are_configurable(new_lab):
    site, store = warehouse(new_lab(SOURCES, audits={"silent": "error", "volume": "off"}), 200)
    store.run(SEEDS["silent"])
    (fault,) = audits.run(site, store)
    assert (fault.severity, fault.publishes) == ("error", False)
    site, store = warehouse(new_lab(SOURCES, audits={"silent": "off"}), 200)
    store.run(SEEDS["silent"])
    assert audits.run(site, store) == []
    with pytest.raises(ConfigError, match=r"audits.*'silnt'.*did you mean 'silent'"):
        _ = new_lab(SOURCES, audits={"silnt": "off"}).site.settings
