-- Grain: one row per hand-off: a run of work by one department, after a run by another one. Temporary.
-- Only steps count of which the log tells how long a department worked: handling time, else (not on the web) start and
-- end. Params: within_ms = who turns up later than this was not handed over; work_ms = less than this is no own work.
create or replace temporary table handoff as
with worked as (
    select
        journey_id,
        customer_id,
        pos,
        cast(department as varchar) as department,
        occurred_at as start_at,
        coalesce(ended_at, occurred_at + to_milliseconds(coalesce(handle_ms, 0))) as end_at,
        wait_ms,
        coalesce(
            handle_ms,
            case when cast(channel as varchar) <> 'web' then date_diff('millisecond', occurred_at, ended_at) end
        ) as work_ms
    from journey_event
    where department is not null and cast(class as varchar) in ('work', 'contact', 'info_request', 'handoff')
),

known as (
    select
        *,
        coalesce(
            department <> lag(department) over (
                partition by journey_id
                order by pos
            ), true
        ) as is_new
    from worked
    where work_ms is not null
),

numbered as (
    select
        *,
        sum(cast(is_new as integer)) over (
            partition by journey_id
            order by pos
            rows unbounded preceding
        ) as run_no
    from known
),

run as (
    select
        journey_id,
        run_no,
        any_value(customer_id) as customer_id,
        any_value(department) as department,
        min(pos) as pos,
        min(start_at) as start_at,
        max(end_at) as end_at,
        arg_min(coalesce(wait_ms, -1), pos) as wait_ms,
        cast(sum(work_ms) as bigint) as work_ms
    from numbered
    group by journey_id, run_no
),

chained as (
    select
        *,
        lag(department) over journey as from_department,
        date_diff('millisecond', lag(end_at) over journey, start_at) as gap_ms,
        lead(department) over journey as next_department,
        date_diff('millisecond', end_at, lead(start_at) over journey) as next_gap_ms
    from run
    window journey as (
        partition by journey_id
        order by run_no
    )
)

select
    chained.journey_id,
    chained.customer_id,
    chained.pos,
    chained.from_department,
    chained.department,
    chained.next_department,
    greatest(chained.gap_ms, 0) as gap_ms,
    chained.work_ms,
    case when chained.wait_ms >= 0 then chained.wait_ms end as wait_ms,
    chained.work_ms < $work_ms and coalesce(chained.next_gap_ms <= $within_ms, false) as is_passed
from chained
inner join population on chained.journey_id = population.journey_id
where chained.gap_ms <= $within_ms
order by chained.pos
