-- Waits for what the company does next, of all journeys: running ones too, or the late ones would be missing.
-- Weeks are Monday-based, local, and a wait lies in the week in which it ended.

-- Grain: one row per journey: what findings on waits are marked and split by.
create or replace temporary table waiting_journey as
with heavy as (
    select
        customer_id,
        row_number() over (order by n_events desc, customer_id asc) <= count(*) over () * 0.01 as is_heavy
    from customer
)

select
    j.journey_id,
    j.journey_key,
    md5_number_lower(j.journey_key) as draw,
    j.customer_id,
    m.variant_id,
    m.engaged_ms,
    m.duration_ms,
    j.part < $discovery_parts as is_discovery,
    coalesce(cast(j.identity_strength as varchar) = 'strong', false) as is_strict,
    coalesce(h.is_heavy, false) as is_heavy
from journey as j
inner join journey_metrics as m on j.journey_id = m.journey_id
left join heavy as h on j.customer_id = h.customer_id
where not exists (select 1 from unrecorded_journey as u where u.journey_id = j.journey_id)
order by j.journey_id;

-- Grain: one row per wait of [$baseline_from, $window_to) that ended with a step of the company. Browsing is looked
-- through: who waits long looks in on the way, and those waits are the very ones that must not be lost.
create or replace temporary table wait as
with step as (
    select
        e.journey_id,
        e.pos,
        cast(e.step as varchar) as step,
        cast(e.channel as varchar) as channel,
        e.occurred_at,
        coalesce(e.ended_at, e.occurred_at) as free_at,
        c.pos is not null as is_coarse,
        coalesce(cast(t.actor as varchar) = 'company', false) as is_company
    from journey_event as e
    left join touch as t on e.step = cast(t.step as step_t)
    left join coarse_event as c on e.pos = c.pos
    where coalesce(cast(t.class as varchar), '') <> 'browse'
),

placed as (
    select
        *,
        lag(journey_id) over in_turn as journey_before,
        lag(step) over in_turn as prev,
        lag(free_at) over in_turn as begun_at,
        lag(is_coarse) over in_turn as is_begun_coarse
    from step
    window in_turn as (
        order by pos
    )
),

pair as (
    select
        journey_id,
        prev,
        step,
        channel,
        begun_at as free_at,
        occurred_at,
        epoch_ms(occurred_at) - epoch_ms(begun_at) as wait_ms
    from placed
    where
        journey_before = journey_id and is_company and not is_coarse and not is_begun_coarse and occurred_at > begun_at
)

select
    p.journey_id,
    p.prev,
    p.step,
    p.channel,
    p.wait_ms,
    begun.is_open,
    cast(date_trunc('week', ended.day) as date) as week
from pair as p
semi join waiting_journey as j on p.journey_id = j.journey_id
asof inner join business_clock as begun on p.free_at >= begun.begins_at
asof inner join business_clock as ended on p.occurred_at >= ended.begins_at
where ended.day >= $baseline_from and ended.day < $window_to;

-- Grain: one row per kind of wait with enough of it in the baseline. Half of the waits took usual_ms or less; above
-- limit_ms a wait is late: the robust 99th percentile of a lognormal, with the wider of the spread of all and of the
-- upper half, so that a lopsided spread flags no more than a plain one.
create or replace temporary table wait_limit as
with logged as (
    select prev, step, channel, is_open, ln(wait_ms) as x
    from wait
    where week < $window_from
),

middle as (
    select prev, step, channel, is_open, quantile_cont(x, 0.5) as m, count(*) as n
    from logged
    group by all
    having count(*) >= $waits_min
),

spread as (
    select
        l.prev,
        l.step,
        l.channel,
        l.is_open,
        quantile_cont(abs(l.x - c.m), 0.5) as of_all,
        quantile_cont(l.x - c.m, 0.5) filter (l.x > c.m) as upper_half
    from logged as l
    inner join middle as c on l.prev = c.prev and l.step = c.step and l.channel = c.channel and l.is_open = c.is_open
    group by all
)

select
    c.prev,
    c.step,
    c.channel,
    c.is_open,
    cast(row_number() over (order by c.prev, c.step, c.channel, c.is_open) as integer) as wait_no,
    c.n as n_baseline,
    exp(c.m) as usual_ms,
    exp(c.m + 2.33 * 1.4826 * greatest(s.of_all, coalesce(s.upper_half, s.of_all))) as limit_ms
from middle as c
inner join spread as s on c.prev = s.prev and c.step = s.step and c.channel = s.channel and c.is_open = s.is_open;

-- Grain: one row per wait with a limit.
create or replace temporary table judged_wait as
select w.journey_id, l.wait_no, w.week, w.wait_ms, l.limit_ms, w.wait_ms > l.limit_ms as is_late
from wait as w
inner join wait_limit as l on w.prev = l.prev and w.step = l.step and w.channel = l.channel and w.is_open = l.is_open
