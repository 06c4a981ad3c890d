-- skew
-- How far apart the clocks of two sources are, told from what both write down: the end of a call, the placing of an order, a
-- declared step. Nothing is corrected here: `clock_offset_s` of site.toml does that, and what is left after it is measured.
-- `ahead_ms` is positive when the clock of source_a is ahead. A real delay between the two looks like a skew, so only moments
-- that lie together count: `spread_ms` is the median change from one to the next in time, which neither drift nor a step moves.
create or replace temp table both_tell as
with twice as (
    select step from (select distinct step, source_id from event where visible is not null) group by step having count(*) > 1
),
moment as (
    select source_id, 'the end of a call' as moment, call_id as thing, max(ended_at) as told_at
    from event where call_id is not null and ended_at is not null and coalesce(contains(time_rule, 'whole day'), false) = false
    group by source_id, call_id
    union all
    select source_id, 'the placing of an order', order_id, min(occurred_at)
    from event where order_id is not null and stage = 'order' and coalesce(contains(time_rule, 'whole day'), false) = false
    group by source_id, order_id
    union all
    select source_id, 'the step ' || cast(step as varchar), coalesce(order_id, call_id), min(occurred_at)
    from event semi join twice using (step)
    where coalesce(order_id, call_id) is not null and coalesce(contains(time_rule, 'whole day'), false) = false
    group by source_id, step, coalesce(order_id, call_id)
)
select
    s.source_id as id_a, t.source_id as id_b, a.moment, b.told_at, b.thing,
    cast(round((epoch_us(a.told_at) - epoch_us(b.told_at)) / 1000.0) as bigint) as ahead_ms
from moment as a
inner join moment as b on b.moment = a.moment and b.thing = a.thing
inner join source as s on s.source_id = a.source_id
inner join source as t on t.source_id = b.source_id
where row(s.rank, s.name) > row(t.rank, t.name);

-- one row per pair of sources, kind of moment and day (UTC) with enough moments; four fifths of them lie in low_ms to high_ms
create or replace table clock_skew_day as
select
    id_a, id_b, moment, cast(told_at as date) as day, count(*) as n, quantile_disc(ahead_ms, 0.5) as ahead_ms,
    quantile_disc(ahead_ms, 0.1) as low_ms, quantile_disc(ahead_ms, 0.9) as high_ms
from both_tell
group by id_a, id_b, moment, day
having count(*) >= getvariable('skew_day_min')
order by id_a, id_b, moment, day;

-- A clock that is wrong is wrong for all that it stamps. A few slow dealings, which make the median of a quiet day, are no
-- wrong clock: of each day counts what lies nearest to all days together.
create or replace temp table skew_days as
with always as (
    select id_a, id_b, moment, quantile_disc(ahead_ms, 0.5) as always_ms from both_tell group by id_a, id_b, moment
),
nearest as (
    select d.* replace (greatest(d.low_ms, least(d.high_ms, a.always_ms)) as ahead_ms)
    from clock_skew_day as d inner join always as a using (id_a, id_b, moment)
),
stepped as (
    select *, ahead_ms - lag(ahead_ms) over (partition by id_a, id_b, moment order by day) as jump_ms from nearest
)
select
    id_a, id_b, moment, count(*) as n_days, min(day) as first_day, max(day) as last_day,
    arg_min(ahead_ms, day) as first_ms, arg_max(ahead_ms, day) as last_ms, min(ahead_ms) as low_ms, max(ahead_ms) as high_ms,
    coalesce(max(abs(jump_ms)), 0) as jump_ms, arg_min(day, row(-abs(jump_ms), day)) filter (where jump_ms is not null) as jump_day
from stepped
group by id_a, id_b, moment;

-- one row per pair of sources and kind of moment; `is_best` marks the one that tells most exactly
create or replace table clock_skew as
with changed as (
    select *, abs(ahead_ms - lag(ahead_ms) over (partition by id_a, id_b, moment order by told_at, thing)) as change_ms from both_tell
),
summed as (
    select
        id_a, id_b, moment, count(*) as n, quantile_disc(ahead_ms, 0.5) as ahead_ms, coalesce(quantile_disc(change_ms, 0.5), 0) as spread_ms
    from changed
    group by id_a, id_b, moment
),
judged as (
    select
        s.*, d.* exclude (id_a, id_b, moment),
        s.n >= getvariable('skew_n_min') and s.spread_ms <= getvariable('skew_limit_ms') as is_known,
        greatest(abs(s.ahead_ms), abs(coalesce(d.low_ms, 0)), abs(coalesce(d.high_ms, 0))) as most_ms,
        coalesce(d.high_ms - d.low_ms, 0) as range_ms,
        -- what scatters more than a few seconds needs more than the plain limit to be told from chance
        greatest(getvariable('skew_limit_ms'), 3 * s.spread_ms) as limit_ms
    from summed as s left join skew_days as d using (id_a, id_b, moment)
)
select
    j.*,
    is_known and row_number() over (partition by id_a, id_b order by is_known desc, spread_ms, n desc, moment) = 1 as is_best,
    is_known and most_ms > limit_ms as is_apart,
    case
        when n < getvariable('skew_n_min') then 'not enough data'
        when not is_known then 'cannot tell: the two do not write down the same moment'
        when most_ms <= limit_ms then 'together'
        when is_zone(range_ms) and jump_ms * 2 > range_ms then 'apart by whole half hours from ' || jump_day || ': one clock changes to summer time and the other does not; check both timezones'
        when is_zone(ahead_ms) and range_ms <= limit_ms then 'apart by whole half hours: probably a wrong timezone, in site.toml or on the server'
        when range_ms > limit_ms and jump_ms * 2 > range_ms then 'apart: one clock was set on ' || jump_day
        when range_ms > limit_ms
            then 'apart: one clock drifts by about ' || printf('%.2g', abs(last_ms - first_ms) / 1000.0 / greatest(date_diff('day', first_day, last_day), 1)) || ' s a day'
        else 'apart: one clock is wrong'
    end as verdict
from judged as j
order by id_a, id_b, moment;

-- one row per pair of sources that are apart: moves from one to the other in a journey; `n_turned` lie within the skew, so that
-- what is told second came first, or at once, unless the skew is a real delay
create or replace table clock_turned as
with apart as (select * from clock_skew where is_best and is_apart),
stepped as (
    select
        e.source_id as first_id, e.occurred_at as first_at,
        lead(e.source_id) over w as second_id, lead(e.occurred_at) over w as second_at
    from journey_event as j inner join event as e using (event_no)
    where (select count(*) from apart) > 0
    window w as (partition by j.journey_id order by j.pos)
),
move as (
    select
        a.id_a, a.id_b, epoch_ms(s.second_at) - epoch_ms(s.first_at) as gap_ms,
        -- how far the clock of what is told second is ahead
        case when s.second_id = a.id_a then 1 else -1 end * coalesce(d.ahead_ms, a.ahead_ms) as ahead_ms
    from stepped as s
    inner join apart as a on (s.first_id = a.id_a and s.second_id = a.id_b) or (s.first_id = a.id_b and s.second_id = a.id_a)
    left join clock_skew_day as d on d.id_a = a.id_a and d.id_b = a.id_b and d.moment = a.moment and d.day = cast(s.second_at as date)
)
select a.id_a, a.id_b, count(m.gap_ms) as n_moves, count(*) filter (where m.gap_ms <= m.ahead_ms) as n_turned
from apart as a left join move as m using (id_a, id_b)
group by a.id_a, a.id_b
order by a.id_a, a.id_b;

insert into data_quality by name
select
    'clock ahead of ' || case when k.ahead_ms >= 0 then b.name else a.name end || ', in seconds' as measure,
    case when k.ahead_ms >= 0 then a.name else b.name end as source,
    cast(round(abs(k.ahead_ms) / 1000.0) as bigint) as n,
    k.verdict || '; median of ' || k.n || ' times of ' || k.moment || ', which change by ' || round(k.spread_ms / 1000.0, 1) || ' s from one to the next'
    || coalesce('; ' || t.n_turned || ' of ' || t.n_moves || ' moves between the two lie within that: their order may be wrong', '') as note
from clock_skew as k
inner join source as a on a.source_id = k.id_a
inner join source as b on b.source_id = k.id_b
left join clock_turned as t on t.id_a = k.id_a and t.id_b = k.id_b
where k.is_best
order by measure, source
;

insert into data_quality by name
select 'times: ' || regexp_extract(e.time_rule, 'corrected by .*') as measure, s.name as source, count(*) as n, 'the clock of the source, as site.toml corrects it' as note
from event as e inner join source as s using (source_id)
where contains(e.time_rule, 'corrected by')
group by measure, s.name
order by measure, source
