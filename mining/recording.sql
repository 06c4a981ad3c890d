-- What the recording says of itself. $share and $chance decide a day, $weeks is how far to either side is compared.

-- Grain: one row per source and local day from its first day to the last of the data, also days with no event.
-- is_complete is false below $share of the median volume of this weekday in the weeks around, where that is more than
-- chance; null where not even a day without events were more than chance, or fewer than 4 such days are known. Nor can it before the source's
-- first good day and after the last one of all sources: there the data begin and end.
create or replace table source_day as
with local_day as (
    select day, min(begins_at) as from_at, lead(min(begins_at)) over (order by day) as to_at
    from business_clock
    group by day
),

-- no zone changes its date inside a quarter of an hour
quarter as (
    select source_id, time_bucket(interval 15 minute, occurred_at) as begins_at, count(*) as n_events
    from event
    group by all
),

counted as (
    select quarter.source_id, local_day.day, cast(sum(quarter.n_events) as bigint) as n_events
    from quarter
    asof inner join local_day on quarter.begins_at >= local_day.from_at
    group by quarter.source_id, local_day.day
),

span as (
    select source_id, min(day) as first_day, (select max(c.day) from counted as c) as last_day
    from counted
    group by source_id
),

every_day as (
    select span.source_id, local_day.day, local_day.from_at, local_day.to_at, coalesce(c.n_events, 0) as n_events
    from span
    inner join local_day on local_day.day between span.first_day and span.last_day
    left join counted as c on span.source_id = c.source_id and local_day.day = c.day
),

compared as (
    select a.source_id, a.day, quantile_disc(b.n_events, 0.5) as n_usual, count(*) as n_days
    from every_day as a
    inner join every_day as b
        on a.source_id = b.source_id and dayofweek(a.day) = dayofweek(b.day)
        and abs(date_diff('day', a.day, b.day)) <= 7 * $weeks
    group by a.source_id, a.day
),

judged as (
    select
        every_day.*,
        compared.n_usual,
        compared.n_days >= 4 and compared.n_usual > $chance * sqrt(compared.n_usual) as can_tell,
        every_day.n_events >= $share * compared.n_usual as is_usual,
        compared.n_usual - every_day.n_events <= $chance * sqrt(compared.n_usual) as is_chance
    from every_day
    inner join compared on every_day.source_id = compared.source_id and every_day.day = compared.day
)

select
    source_id,
    day,
    from_at,
    to_at,
    cast(n_events as ubigint) as n_events,
    cast(n_usual as ubigint) as n_usual,
    case
        when
            can_tell
            and day >= min(day) filter (where can_tell and is_usual) over (partition by source_id)
            and day <= max(day) filter (where can_tell and is_usual) over ()
            then is_usual or is_chance
    end as is_complete
from judged
order by source_id, day
