-- coarse
-- Journeys in which the order of steps is not told: an event of which only the day is known, with another step on that day. The
-- day sorts to its end, which is a guess; method 2.2.
insert into data_quality by name
with day_of as (
    select j.journey_id, j.pos, j.step, j.occurred_at
    from journey_event as j semi join (select event_no from event where contains(time_rule, 'whole day')) as e using (event_no)
)
select
    'journeys with steps of one day in unknown order' as measure, null as source,
    (
        select count(distinct d.journey_id)
        from day_of as d inner join journey_event as s using (journey_id)
        where s.pos <> d.pos and s.step <> d.step and s.occurred_at between d.occurred_at - interval '23:59:59' and d.occurred_at
    ) as n,
    (select count(*) from journey) as of_n, 'of a step only the day is told: it is taken to come last on that day' as note
where (select count(*) from day_of) > 0
