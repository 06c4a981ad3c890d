-- Why a customer's key is no longer what it was the night before: one row per pair of keys that share an event; only customers
-- who are derived anew can have another. This ledger is only ever added to; it tells of nights, so a rebuild begins it anew.
insert into customer_change
with pair as (
    select b.customer_key as key_before, p.customer_key as key_now, count(*) as n_events
    from event_before as e
    inner join customer_before as b using (customer_id)
    inner join placed as p on p.event_id = e.event_id
    where e.customer_id in (from touched) and p.customer_key is not null
    group by b.customer_key, p.customer_key
),
told as (
    select
        *, count(*) over (partition by key_before) as n_now,
        count(*) over (partition by key_now) as n_before
    from pair
)
select
    getvariable('night_end'), key_before, key_now,
    case when n_now > 1 and n_before > 1 then 'split and merged' when n_now > 1 then 'split' when n_before > 1 then 'merged' else 'another identifier tells more' end,
    n_events
from told
where key_before <> key_now
order by key_before, key_now
