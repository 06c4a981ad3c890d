-- Grain: one row per kind of unit (calls, visits of the website), local day on which it begins, and visible step, with the
-- units that have the step; step '' counts all units. Temporary. Reads change_contact (contacts.sql). Variable: change_until.
create or replace temporary table change_step_day as
with local_day as (
    select day, min(begins_at) as from_at
    from business_clock
    group by day
),

visit as (
    select session_id, min(occurred_at) as started_at
    from event
    where
        session_id is not null and visible and cast(channel as varchar) = 'web'
        and occurred_at < getvariable('change_until')
    group by session_id
),

visit_day as (
    select visit.session_id, local_day.day
    from visit
    asof inner join local_day on visit.started_at >= local_day.from_at
),

call_day as (
    select change_contact.contact_key, local_day.day
    from change_contact
    asof inner join local_day on change_contact.started_at >= local_day.from_at
    where change_contact.is_call
),

visit_step as (
    select distinct visit_day.session_id, visit_day.day, event.step
    from event
    inner join visit_day using (session_id)
    where event.visible and event.step is not null and cast(event.channel as varchar) = 'web'
),

call_step as (
    select distinct call_day.contact_key, call_day.day, event.step
    from event
    inner join call_day on event.call_id = call_day.contact_key
    where event.visible and event.step is not null
)

select true as is_visit, day, cast(step as varchar) as step, count(*) as n
from visit_step
group by all
union all
select true as is_visit, day, '' as step, count(*) as n from visit_day group by all
union all
select false as is_visit, day, cast(step as varchar) as step, count(*) as n from call_step group by all
union all
select false as is_visit, day, '' as step, count(*) as n from call_day group by all
order by all;
