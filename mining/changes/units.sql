-- Grain: one row per change and contact (or visit) of one of its groups, with what each metric counts of it. Temporary. Variables:
-- change_until. Columns are those of mining/changes/metrics.py. What needs a week of sight is counted only where the data have it.
create or replace temporary table change_unit as
with local_day as (
    select day, min(begins_at) as from_at
    from business_clock
    group by day
),

called as (
    select customer_id, started_at
    from change_contact
    where is_call and customer_id is not null
),

visit as (
    select
        'visit ' || member.session_id as contact_key,
        member.session_id,
        min(event.customer_id) as customer_id,
        min(event.occurred_at) as started_at
    from (select distinct cast(replace(contact_key, 'visit ', '') as bigint) as session_id from change_member where starts_with(contact_key, 'visit ')) as member
    inner join event on member.session_id = event.session_id
    group by member.session_id
),

known_visit as (
    select
        visit.contact_key,
        visit.started_at,
        visit.customer_id,
        exists (
            select 1 from called
            where
                called.customer_id = visit.customer_id and called.started_at > visit.started_at
                and called.started_at <= visit.started_at + interval 1 day
        ) as is_called
    from visit
    inner join customer on visit.customer_id = customer.customer_id and customer.identity_strength <> 'none'
),

unit as (
    select
        member.change_no,
        member.group_no,
        member.is_both,
        contact.*,
        followed.contact_key is not null and contact.started_at + interval 7 days <= getvariable('change_until') as is_seen,
        followed.contact_key is not null and contact.started_at + interval 35 days <= getvariable('change_until') as is_seen_far,
        followed.is_first,
        followed.is_followed,
        followed.is_followed_far,
        followed.need_ms,
        followed.need_agent_ms,
        false as is_visit,
        false as is_called
    from change_member as member
    inner join change_contact as contact using (contact_key)
    left join change_followed as followed using (contact_key)
    union all by name
    select
        member.change_no,
        member.group_no,
        member.is_both,
        known_visit.*,
        true as is_visit,
        known_visit.started_at + interval 1 day <= getvariable('change_until') as is_seen
    from change_member as member
    inner join known_visit using (contact_key)
)

select
    unit.change_no,
    unit.group_no,
    unit.contact_key,
    unit.customer_id,
    unit.started_at,
    local_day.day,
    1 as n_units,
    cast(unit.is_both as integer) as n_both,
    cast(not unit.is_visit as integer) as n_calls,
    coalesce(unit.n_menus, 0) as n_menus,
    cast(coalesce(unit.is_reached, false) as integer) as n_reached,
    case when unit.is_reached then unit.n_transfers else 0 end as n_transfers,
    case when unit.is_reached then unit.right_ms else 0 end as right_ms,
    cast(coalesce(unit.is_queued, false) as integer) as n_queued,
    cast(coalesce(unit.is_given_up, false) as integer) as n_abandoned,
    cast(unit.is_seen and not unit.is_visit as integer) as n_known,
    cast(coalesce(unit.is_seen and unit.is_followed, false) as integer) as n_repeated,
    cast(coalesce(unit.is_seen and unit.is_menu_only and not unit.is_followed, false) as integer) as n_settled,
    cast(coalesce(unit.is_seen_far and unit.is_menu_only, false) as integer) as n_menu_far,
    cast(coalesce(unit.is_seen_far and unit.is_menu_only and unit.is_followed_far, false) as integer) as n_menu_back,
    cast(coalesce(unit.is_seen_far, false) as integer) as n_far,
    cast(coalesce(unit.is_seen_far and unit.is_followed_far, false) as integer) as n_back,
    cast(coalesce(unit.is_seen and unit.is_first, false) as integer) as n_needs,
    case when unit.is_seen and unit.is_first then unit.need_ms else 0 end as need_ms,
    case when unit.is_seen and unit.is_first then unit.need_agent_ms else 0 end as need_agent_ms,
    cast(unit.is_visit and unit.is_seen as integer) as n_visits,
    cast(coalesce(unit.is_visit and unit.is_seen and unit.is_called, false) as integer) as n_called
from unit
asof inner join local_day on unit.started_at >= local_day.from_at
order by unit.change_no, unit.group_no, unit.contact_key;

-- Grain: one row per change, group and local day. Temporary.
create or replace temporary table change_day as
select
    change_no,
    group_no,
    day,
    count(distinct customer_id) as n_customers,
    sum(columns(* exclude (change_no, group_no, day, contact_key, customer_id, started_at)))
from change_unit
group by change_no, group_no, day
order by change_no, group_no, day
