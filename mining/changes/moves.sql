-- Grain: one row per change, group, week, step and the step that follows it in the same call or visit, '' before the
-- first and after the last; of a change by lot also per customer (who, else null: a contact whose customer is unknown
-- is one of its own). Temporary. Variables: change_lost, days that do not count; change_by_lot, numbers of changes.
-- Reads change_unit (units.sql).
create or replace temporary table change_move as
with own as (
    select
        unit.change_no,
        unit.group_no,
        unit.contact_key,
        case
            when list_contains(getvariable('change_by_lot'), unit.change_no)
                then coalesce(cast(unit.customer_id as varchar), unit.contact_key)
        end as who,
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
        case
            when list_contains(getvariable('change_by_lot'), unit.change_no)
                then coalesce(cast(unit.customer_id as varchar), unit.contact_key)
        end as who,
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
        who,
        step as source,
        step_after as target
    from moved
    union all
    select
        change_no,
        group_no,
        day,
        who,
        '' as source,
        step as target
    from moved
    where step_before = ''
)

select
    change_no,
    group_no,
    cast(date_trunc('week', day) as date) as monday,
    who,
    source,
    target,
    count(*) as n
from move
where not list_contains(getvariable('change_lost'), day)
group by all
order by all
