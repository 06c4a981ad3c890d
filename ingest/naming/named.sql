-- code_told: every code that occurs, with the pattern of the dictionary that takes it. dictionary_pattern: every pattern of the
-- dictionary, and since when and until when codes fit it. source_named: how much of a source has a step of its own, has only that of a
-- catch-all, has none. n_week = of the last 7 days.
create or replace temp table code_told as
with counted as (
    select
        source_id, raw_code as code, count(*) as n_events, min(occurred_at) as first_at, max(occurred_at) as last_at,
        count(*) filter (where occurred_at >= getvariable('night_end') - interval 7 days) as n_week,
        count(call_id) as n_calls, count(order_id) as n_orders
    from event
    group by source_id, raw_code
)
select
    row_number() over (order by t.source_id, t.code) as code_no, t.*, m.step, m.pattern,
    coalesce(d.is_catch_all, false) as is_caught, m.pattern is null or coalesce(d.is_catch_all, false) as is_unnamed,
    regexp_matches(t.code, '^\S+ /') as is_address
from counted as t
inner join code as c on c.source_id = t.source_id and c.code = t.code
inner join code_match as m using (code_id)
left join declared_pattern as d on d.source_id = t.source_id and d.step = m.step and d.pattern = m.pattern;

create or replace table dictionary_pattern as
with fitted as (
    select
        source_id, step, pattern, sum(n_events) as n_events, sum(n_week) as n_week, min(first_at) as first_at, max(last_at) as last_at
    from code_told
    where pattern is not null
    group by source_id, step, pattern
)
select
    d.source_id, d.step, d.pattern, d.is_catch_all, cast(coalesce(f.n_events, 0) as ubigint) as n_events,
    cast(coalesce(f.n_week, 0) as ubigint) as n_week, f.first_at, f.last_at
from declared_pattern as d
left join fitted as f on f.source_id = d.source_id and f.step = d.step and f.pattern = d.pattern
order by d.place;

create or replace table source_named as
select
    source_id, cast(sum(n_events) as ubigint) as n_events, cast(coalesce(sum(n_events) filter (where not is_unnamed), 0) as ubigint) as n_named,
    cast(coalesce(sum(n_events) filter (where is_caught), 0) as ubigint) as n_caught,
    cast(coalesce(sum(n_events) filter (where pattern is null), 0) as ubigint) as n_undeclared,
    cast(coalesce(sum(n_events) filter (where is_address), 0) as ubigint) as n_addresses,
    cast(sum(n_calls) as ubigint) as n_calls, cast(sum(n_orders) as ubigint) as n_orders,
    min(first_at) as first_at, max(last_at) as last_at
from code_told
group by source_id
order by source_id
