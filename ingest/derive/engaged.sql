-- `engaged_ms` is the time the customer is busy with an event, which only a call, a chat, a visit or a web session asks of them:
-- until the next visible event of the same call or session, at most its own end; between two pages at most 5 minutes; and the
-- waiting on the line before it that no earlier event of the call holds (method 0.5: waiting and talking), and so with the record of a
-- call that stands at its end (`lasted_ms`, customers.sql). So no minute counts twice,
-- and waiting for a parcel is no engaged time. What follows the last page of a session is unknown: it counts the median of that
-- page (`usual`), and is marked as `engaged_is_usual`.
-- Of these ms, `engaged_before_ms` lie before `occurred_at`, and `engaged_wait_ms` are waiting on the line.
create or replace temp table own_time as
with next_in_contact as (
    select
        event_id, step, occurred_at, ended_at, wait_ms, handle_ms, lasted_ms, contact, session_id is not null and call_id is null as is_page,
        lead(occurred_at) over of_one as next_at, row_number() over of_one as place
    from (from placed select * replace (coalesce(contact, cast(event_id as varchar)) as contact) where contact is not null or wait_ms > 0)
    where visible and channel in ('web', 'ivr', 'agent', 'phone', 'chat', 'shop')
    window of_one as (partition by contact, call_id is null order by occurred_at, source_rank, file_rank, line_no, part, event_id)
)
select
    *,
    -- greatest() passes over NULL, so an event without a successor is told apart first
    case
        when coalesce(next_at, ended_at) is not null
            then greatest(0, date_diff('millisecond', occurred_at, least(coalesce(next_at, ended_at), coalesce(ended_at, next_at))))
    end as ms
from next_in_contact;

-- What waits on the line. Most logs write a wait with the answer; where an event's own span is nearer to waiting and talking than to
-- talking alone, its log wrote it from the call's arrival on, and the wait is inside.
create or replace temp table waited as
with of_call as (
    select
        *,
        epoch_ms(occurred_at) as at_ms,
        coalesce(ms, 0) as own_ms,
        greatest(0, coalesce(wait_ms, 0)) as wait_told_ms,
        date_diff('millisecond', occurred_at, coalesce(ended_at, occurred_at)) >= coalesce(handle_ms, 0) + greatest(0, coalesce(wait_ms, 0)) / 2 as is_inside
    from own_time
    where not is_page
),
in_order as (
    select
        *,
        max(at_ms + own_ms) over (of_one rows between unbounded preceding and 1 preceding) as busy_until_ms,
        lead(case when is_inside then 0 else wait_told_ms end, 1, 0) over of_one as next_wait_ms
    from of_call
    window of_one as (partition by contact order by place)
)
select
    event_id,
    least(
        own_ms,
        case when is_inside then wait_told_ms else 0 end
        -- the part of its time in which the wait for the next event already ran
        + case when next_at is null then 0 else greatest(0, at_ms + own_ms - greatest(at_ms, epoch_ms(next_at) - next_wait_ms)) end
    ) as inside_ms,
    case when is_inside then 0 else least(wait_told_ms, ahead_ms) end as before_ms,
    greatest(0, least(lasted_ms, ahead_ms) - before_ms) as lasted_before_ms
from (select *, greatest(0, at_ms - coalesce(busy_until_ms, at_ms - greatest(wait_told_ms, lasted_ms))) as ahead_ms from in_order);

create or replace temp table busy as
select
    o.event_id, o.step, o.is_page,
    case when not o.is_page then coalesce(o.ms, 0) + w.before_ms + w.lasted_before_ms when o.ms is not null then least(o.ms, 300000) end as known_ms,
    coalesce(w.inside_ms + w.before_ms, 0) as engaged_wait_ms,
    coalesce(w.before_ms + w.lasted_before_ms, 0) as engaged_before_ms
from own_time as o left join waited as w using (event_id);

create or replace temp view fresh_page as
select step, known_ms from busy where is_page and known_ms is not null
