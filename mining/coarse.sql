-- Journeys with steps whose order is not told: of an event only the day is known, and another one lies on that day.
-- The variable first_way is the last number of a variant: ways of such journeys are numbered on from it.
create or replace temporary table coarse_event as
select
    j.journey_id,
    j.pos,
    j.occurred_at - interval '23:59:59' as day_start,
    j.occurred_at as day_end
from journey_event as j inner join event as e on j.event_no = e.event_no
where contains(e.time_rule, 'whole day')
order by j.pos;

-- Grain: one row per journey. pattern has a letter per event, in stored order: c = only its day is known, f = another
-- event of such a day, '.' = its place is known; the first event of a day is in capitals.
create or replace temporary table coarse_pattern as
with coarse_day as (
    select distinct journey_id, day_start, day_end from coarse_event
),

placed as (
    select j.journey_id, j.pos, d.day_end, c.pos is not null as is_coarse
    from journey_event as j
    semi join coarse_day as touched on j.journey_id = touched.journey_id
    left join coarse_day as d on j.journey_id = d.journey_id and j.occurred_at between d.day_start and d.day_end
    left join coarse_event as c on j.pos = c.pos
),

lettered as (
    select
        journey_id,
        pos,
        case
            when day_end is null or count(*) over (partition by journey_id, day_end) = 1 then '.'
            when pos > min(pos) over (partition by journey_id, day_end) then if(is_coarse, 'c', 'f')
            else if(is_coarse, 'C', 'F')
        end as letter
    from placed
)

select journey_id, string_agg(letter, '' order by pos) as pattern
from lettered
group by journey_id
having bool_or(letter <> '.')
order by journey_id;

-- Grain: one row per journey with such a pattern; a way = a variant with a pattern.
create or replace temporary table coarse_journey as
select
    p.journey_id,
    p.pattern,
    cast(getvariable('first_way') + dense_rank() over (order by m.variant_id, p.pattern) as uinteger) as way_id
from coarse_pattern as p inner join journey_metrics as m on p.journey_id = m.journey_id
order by p.journey_id;
