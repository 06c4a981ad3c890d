-- The event table: one row per event of a customer, stored by customer and time. `engaged_ms` is the time the customer is busy
-- with it, which only a call, a chat, a visit or a web session asks of them: until the next visible event of the same call or
-- session, at most its own end; between two pages at most 5 minutes, and the last page of a session counts the median of that
-- page (method 0.5). So no minute counts twice, and waiting for a parcel is no engaged time.
create or replace table customer as
with identified as (
    select customer_key, cast(max(n_identifiers) as uinteger) as n_identifiers from cluster_key group by customer_key
)

select
    cast(row_number() over (order by s.customer_key) as uinteger) as customer_id, s.customer_key,
    cast(case max(s.strength) when 3 then 'strong' when 2 then 'medium' when 1 then 'weak' else 'none' end as strength_t) as identity_strength,
    cast(count(*) as ubigint) as n_events,
    -- discovery or confirmation, drawn by the first event's moment and code: the same whatever the site's key is
    cast(md5_number_lower(concat_ws('|', 'draw', epoch_us(min(s.occurred_at)), arg_min(s.raw_code, row(s.occurred_at, s.source_rank, s.raw_code)))) % 10 as utinyint) as part,
    max(i.n_identifiers) as n_identifiers
from settled as s
left join identified as i using (customer_key)
where s.customer_key is not null
group by s.customer_key;

create or replace temp table placed as
select s.*, c.customer_id, t.visible, t.channel, t.stage, t.department, t.actor, coalesce(s.call_id, cast(s.session_id as varchar)) as contact
from settled as s
left join customer as c using (customer_key)
left join touch as t using (step);

create or replace temp table busy as
with next_in_contact as (
    select
        event_id, step, occurred_at, ended_at, session_id is not null and call_id is null as is_page,
        lead(occurred_at) over (partition by contact, call_id is null order by occurred_at, source_rank, file_rank, line_no, part, event_id) as next_at
    from placed
    where visible and contact is not null and channel in ('web', 'ivr', 'agent', 'phone', 'chat', 'shop')
),
spent as (
    select
        event_id, step, is_page, next_at,
        -- greatest() passes over NULL, so a page without a successor is told apart first
        case
            when coalesce(next_at, ended_at) is not null
                then greatest(0, date_diff('millisecond', occurred_at, least(coalesce(next_at, ended_at), coalesce(ended_at, next_at))))
        end as ms
    from next_in_contact
),
usual as (
    select step, quantile_disc(least(ms, 300000), 0.5) as ms from spent where is_page and next_at is not null group by step
)
select
    s.event_id,
    case
        when s.is_page then least(300000, coalesce(s.ms, u.ms, (select quantile_disc(ms, 0.5) from usual), 0))
        else coalesce(s.ms, 0)
    end as engaged_ms
from spent as s left join usual as u using (step);

create or replace table event as
select
    cast(row_number() over (order by p.customer_id nulls last, p.occurred_at, p.source_rank, p.file_rank, p.line_no, p.part, p.event_id) as uinteger) as event_no,
    p.event_id, p.customer_id, p.occurred_at, p.ended_at,
    cast(case p.strength when 3 then 'strong' when 2 then 'medium' when 1 then 'weak' else 'none' end as strength_t) as identity_strength,
    cast(p.channel as channel_t) as channel, cast(p.step as step_t) as step, p.raw_code, cast(p.stage as stage_t) as stage,
    cast(p.department as department_t) as department, p.actor, p.visible,
    p.product_id, p.order_id, p.session_id, p.call_id, p.intent, p.wait_ms, p.handle_ms, b.engaged_ms,
    p.attributes, p.time_rule, p.source_id, p.file_id as source_file, p.line_no as source_line
from placed as p
left join busy as b using (event_id)
order by event_no
