-- `engaged_ms` is the time the customer is busy with an event, which only a call, a chat, a visit or a web session asks of them:
-- until the next visible event of the same call or session, at most its own end; between two pages at most 5 minutes (method
-- 0.5). So no minute counts twice, and waiting for a parcel is no engaged time. What follows the last page of a session is
-- unknown: it counts the median of that page (`usual`), and is marked as `engaged_is_usual`.
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
        event_id, step, is_page,
        -- greatest() passes over NULL, so a page without a successor is told apart first
        case
            when coalesce(next_at, ended_at) is not null
                then greatest(0, date_diff('millisecond', occurred_at, least(coalesce(next_at, ended_at), coalesce(ended_at, next_at))))
        end as ms
    from next_in_contact
)
select event_id, step, is_page, case when not is_page then coalesce(ms, 0) when ms is not null then least(ms, 300000) end as known_ms
from spent;

create or replace temp view fresh_page as
select step, known_ms from busy where is_page and known_ms is not null
