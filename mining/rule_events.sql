-- The events that rules are about, and the tables that their evaluation fills. All temporary.
-- An event of which only the day is known happened at some time from `lo` to `hi`; for all others these are one time.
-- A rule counts as broken only where it is broken whatever that time was.

-- Grain: one row per event of a step in $steps (all steps where $steps is empty) of the journeys in rule_journey.
-- *_real = ms, *_business_time = ms of working time, *_business_days = working days up to and with that day.
create or replace temporary table rule_event as
with timed as (
    select
        e.journey_id,
        e.pos,
        cast(e.step as varchar) as step,
        coalesce(c.day_start, e.occurred_at) as lo,
        e.occurred_at as hi
    from journey_event as e
    semi join rule_journey as j on e.journey_id = j.journey_id
    left join coarse_event as c on e.pos = c.pos
    where list_contains($steps, cast(e.step as varchar)) or len($steps) = 0
)

select
    t.journey_id,
    t.pos,
    t.step,
    t.lo,
    t.hi,
    epoch_ms(t.lo) as lo_real,
    epoch_ms(t.hi) as hi_real,
    l.open_ms + if(l.is_open, epoch_ms(t.lo) - epoch_ms(l.begins_at), 0) as lo_business_time,
    h.open_ms + if(h.is_open, epoch_ms(t.hi) - epoch_ms(h.begins_at), 0) as hi_business_time,
    l.business_day as lo_business_days,
    h.business_day as hi_business_days
from timed as t
asof inner join business_clock as l on t.lo >= l.begins_at
asof inner join business_clock as h on t.hi >= h.begins_at
order by t.pos;

-- Grain: one row: where the clocks stand at the end of the data.
create or replace temporary table rule_end as
select
    epoch_ms(n.night_end) as real_,
    c.open_ms + if(c.is_open, epoch_ms(n.night_end) - epoch_ms(c.begins_at), 0) as business_time,
    (
        select before.business_day
        from (select n.night_end - interval 1 microsecond as last_moment) as m
        asof inner join business_clock as before on m.last_moment >= before.begins_at
    ) as business_days
from (select cast($night_end as timestamp) as night_end) as n
asof inner join business_clock as c on n.night_end >= c.begins_at;

-- Grain: one row per activation of a rule whose window is over.
create or replace temporary table rule_activation (rule_no integer, journey_id uinteger, is_violation boolean);
