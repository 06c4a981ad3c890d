/*---
summary = "many lines of a source's newest files can't be parsed: its format has changed"
severity = "warn"
floors = "at least 20 lines and 5 % of those in files that tell of the last 7 days, or tell of nothing"
---*/
with newest as (
    select source_id, sum(n_quarantined) as n, sum(n_accepted + n_quarantined) as of_n
    from ledger
    where status = 'loaded' and coalesce(last_at >= getvariable('audit_end') - interval 7 days, true)
    group by source_id
)
select
    s.name as source, cast(n.n as bigint) as n, cast(n.of_n as bigint) as of_n,
    format('{}: {} of {} lines of its newest files are in quarantine ({:.0f} %): its format has changed; `make status` says which field', s.name, cast(n.n as bigint), cast(n.of_n as bigint), 100.0 * n.n / n.of_n) as message
from newest as n inner join source as s using (source_id)
where n.n >= 20 and n.n > 0.05 * n.of_n
