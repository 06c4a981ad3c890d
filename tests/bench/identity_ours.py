"""Who is who, at a size: links in a warehouse to clusters. identity_ours.py PERSONS [households]

Each person has a customer number, a mail, a phone, 2 cookies and 20 dated links between them (with `households`, every
phone and one cookie in two is shared by two people, the worst case for the time rule); calls and orders come on top.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import pandas  # noqa: F401  pyarrow imports it at first use; the clock starts after the imports

from ingest.derive.resolve import read_graph, resolve_identities
from ingest.identity import resolve
from ingest.store import Store
from ingest.units import sql

WORLD = """
create table source as select 1 as source_id;
create sequence seq start 1;
-- identifiers of person p: 10p + 0 number, 1 mail, 2 phone, 3 and 4 cookies; 5 to 9 orders and calls
create table identifier as
select cast(i as uinteger) as identifier_id, case i % 10 when 0 then 'customer_no' when 1 then 'email' when 2 then 'phone' when 3 then 'cookie'
    when 4 then 'cookie' when 5 then 'order_no' when 6 then 'order_no' when 7 then 'call_no' when 8 then 'call_no' else 'call_no' end as kind,
    cast(md5(i::varchar) as uuid) as pseudonym
from range({n} * 10) as t(i);
create table party as
with told as (
    select p, k, case when {shared} and p % 2 = 1 and k % 2 = 0 then p - 1 else p end as h from range({n}) as t(p), range(11) as u(k)
)
select cast(row_number() over () as uinteger) as party_id,
    cast(case when k in (0, 1, 2, 3, 4) then p * 10 end as uinteger) as customer_no, cast(null as uinteger) as login,
    cast(case when k in (0, 1) then p * 10 + 1 end as uinteger) as email,
    cast(case when k in (0, 1) then p * 10 + 5 + k end as uinteger) as order_no,
    cast(case when k in (5, 6, 7) then p * 10 + 2 + k end as uinteger) as call_no,
    cast(null as uinteger) as reference,
    cast(case when k in (0, 1, 2, 5, 6, 7) then h * 10 + 2 end as uinteger) as phone,
    cast(case when k in (3, 4, 8, 9) then h * 10 + 3 + (k + 1) % 2 end as uinteger) as cookie, cast(null as uinteger) as visitor
from told where k < 10;
-- 6 moments a set of identifiers; a web visit an hour or more after the last
create temp table live as
select party_id, timestamp '2026-01-01' + to_seconds((party_id::bigint * 7919 + k * 1_000_003) % 31_000_000) as occurred_at, 1 as code_id
from party, range(if(cookie is null, 1, 6)) as t(k);
create table raw_event as select party_id from live where false;
insert into raw_event select party_id from party;
create temp table code_step as select 1 as code_id, cast(null as uinteger) as order_identifier;
"""

persons, households = int(sys.argv[1]), "households" in sys.argv[2:]
with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "world.duckdb", memory_limit="1400MB") as store:
    store.run("set variable night_end = timestamp '2027-01-01'")
    store.run(WORLD.replace("{n}", str(persons)).replace("{shared}", str(households).lower()), name="world")
    started, cpu = time.perf_counter(), time.process_time()
    store.run(sql("derive/links.sql"), name="derive/links.sql")
    linked = time.perf_counter()
    found = resolve_identities(store)
    resolved = time.perf_counter()
    store.run(sql("derive/parties.sql"), name="derive/parties.sql")
    done, cpu_done = time.perf_counter(), time.process_time()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    named = read_graph(store)
    read, cpu_read = time.perf_counter(), time.process_time()
    resolve(named.graph)
    result = {
        "links_s": linked - started,
        "resolve_s": resolved - linked,
        "parties_s": done - resolved,
        "cpu_s": cpu_done - cpu,
        "graph_only_s": time.perf_counter() - read,
        "graph_only_cpu_s": time.process_time() - cpu_read,
        "peak_mb": peak_mb,
        "n_identifiers": len(named.graph.kinds),
        "n_links": len(named.graph.a),
        "n_customers": store.value("select count(distinct cluster) from person where kind = 'customer_no'"),
        "n_conflicts": len(found.conflicts),
    }
print(json.dumps(result))
