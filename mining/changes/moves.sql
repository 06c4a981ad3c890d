-- Grain: one row per change, group, week, step and the step that follows it in the same call or visit, '' before the
-- first and after the last. Temporary. Variable: change_lost, days that do not count. Reads change_unit (units.sql).
create or replace temporary table change_move as
with own as (
    select
        unit.change_no,
        unit.group_no,
        unit.contact_key,
        unit.customer_id,
        unit.day,
        event.event_no,
        cast(event.step as varchar) as step
    from change_unit as unit
    inner join event on unit.contact_key = event.call_id
    where event.visible and unit.change_no < getvariable('change_watched')
    union all
    select
        unit.change_no,
        unit.group_no,
        unit.contact_key,
        unit.customer_id,
        unit.day,
        event.event_no,
        cast(event.step as varchar) as step
    from change_unit as unit
    inner join event on unit.contact_key = 'visit ' || event.session_id
    where event.visible and starts_with(unit.contact_key, 'visit ') and unit.change_no < getvariable('change_watched')
),

moved as (
    select
        *,
        lag(step, 1, '') over own_steps as step_before,
        lead(step, 1, '') over own_steps as step_after
    from own
    window own_steps as (partition by change_no, contact_key order by event_no)
),

move as (
    select
        change_no,
        group_no,
        day,
        customer_id,
        step as source,
        step_after as target
    from moved
    union all
    select
        change_no,
        group_no,
        day,
        customer_id,
        '' as source,
        step as target
    from moved
    where step_before = ''
)

select
    change_no,
    group_no,
    cast(date_trunc('week', day) as date) as monday,
    source,
    target,
    count(*) as n
from move
where not list_contains(getvariable('change_lost'), day)
group by all
order by all
