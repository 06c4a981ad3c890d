-- One row per source: quarantined lines (n) of all that say something (of_n) in its newest files, which tell of the last 7 days or
-- tell of nothing, and in those before. `has_drifted`: what could be read before can't be read now.
create or replace temp table parsed as
with aged as (
    select
        source_id, n_quarantined as n, n_accepted + n_quarantined as of_n,
        coalesce(last_at >= getvariable('audit_end') - interval 7 days, true) as is_newest
    from ledger
    where status = 'loaded'
),
summed as (
    select
        source_id,
        coalesce(sum(n) filter (where is_newest), 0) as n, coalesce(sum(of_n) filter (where is_newest), 0) as of_n,
        coalesce(sum(n) filter (where not is_newest), 0) as n_before, coalesce(sum(of_n) filter (where not is_newest), 0) as of_n_before
    from aged
    group by source_id
)
select
    s.name as source, cast(t.n as bigint) as n, cast(t.of_n as bigint) as of_n,
    t.n >= 100 and t.n > 0.5 * t.of_n and t.of_n_before >= 100 and t.n_before < 0.1 * t.of_n_before as has_drifted
from summed as t inner join source as s using (source_id)
