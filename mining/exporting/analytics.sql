-- The tables and views of analytics.duckdb (mining/exporting/analytics.py), which is attached as `analytics`.

create table analytics.event as select * exclude (event_no) from export_event order by event_no;
comment on table analytics.event is 'One row per event that a source told of, in the order of customer and time. Times are UTC, durations milliseconds.';
comment on column analytics.event.customer_key is 'Keyed pseudonym of the customer; the same in all tables and on every night, unless customers were merged.';
comment on column analytics.event.step is 'What the event means to the customer (table step).';
comment on column analytics.event.visible is 'Whether the customer meets it; what is invisible is on no map.';
comment on column analytics.event.order_key is 'Keyed hash of the order number.';
comment on column analytics.event.call_key is 'Keyed hash of the call number: events of one call share it.';
comment on column analytics.event.session_no is 'Web visit; the number is of this night only.';
comment on column analytics.event.wait_ms is 'Waiting before it (on the line, in a queue).';
comment on column analytics.event.handle_ms is 'Work of an agent on it.';
comment on column analytics.event.engaged_ms is 'Time that the customer is busy with it, waiting on the line included; no minute counts twice.';
comment on column analytics.event.code is 'The code of the source, without the numbers of orders and calls; null where few customers share it.';
comment on column analytics.event.product_id is 'The product; a keyed hash where few customers met it.';

create table analytics.journey as select * exclude (journey_id) from export_journey order by journey_id;
comment on table analytics.journey is 'One row per journey: all that a customer did for one need.';
comment on column analytics.journey.anchor is 'What holds it together: an order, or an episode without one.';
comment on column analytics.journey.is_complete is 'Closed: nothing more is to come by the rules of the site.';
comment on column analytics.journey.is_truncated is 'Its beginning may lie before the data.';
comment on column analytics.journey.variant_id is 'The way it went (table variant).';
comment on column analytics.journey.effort_ms is 'Time that it took of the customer, see README, Effort.';

create table analytics.journey_step as select * exclude (journey_id, pos) from export_journey_step order by pos;
comment on table analytics.journey_step is 'One row per event of a journey that the customer meets, in order. An event of several journeys has a row in each.';
comment on column analytics.journey_step.weight is 'Part of the event that counts here: over its journeys it adds up to 1.';

create table analytics.step as
select
    touch.step, touch.label, touch.stage, touch.channel, touch.department, touch.class, touch.actor, touch.visible,
    coalesce(steps.n_events, 0) as n_events, coalesce(steps.n_journeys, 0) as n_journeys, coalesce(steps.n_customers, 0) as n_customers,
    steps.engaged_median_ms
from touch
left join steps on touch.step = cast(steps.step as varchar)
order by touch.step_no;
comment on table analytics.step is 'One row per step of the step dictionary, with how often journeys meet it.';

create table analytics.follows as
select cast(step_from as varchar) as step_from, cast(step_to as varchar) as step_to, n, n_journeys, n_customers, gap_median_ms, gap_p90_ms
from dfg
order by n desc, step_from, step_to;
comment on table analytics.follows is 'The directly-follows graph: how often one step directly follows another in a journey, and how long after.';

create table analytics.variant as
select variant_id, steps, n_steps, n_journeys, n_customers, median_duration_ms
from variants
order by variant_id;
comment on table analytics.variant is 'One row per distinct way: steps in order, parted by " > ".';

create table analytics.finding as select * from export_finding order by rank_no;
comment on table analytics.finding is 'One row per finding of the night, in the order of the report.';
comment on column analytics.finding.label is 'As in the report (F-07); it never means another finding.';
comment on column analytics.finding.value is 'The effect, in `unit`; low and high are its interval.';

create table analytics.finding_journey as
with shown as (
    select finding_journey.finding_id, finding_journey.journey_id, finding_journey.amount
    from finding_journey
    union all
    select finding_variant.finding_id, journey_metrics.journey_id, finding_variant.amount
    from finding_variant
    inner join journey_metrics on finding_variant.variant_id = journey_metrics.variant_id
)

select finding.no_label as label, journey.journey_key, sum(shown.amount) as amount
from shown
inner join finding on shown.finding_id = finding.finding_id
inner join journey on shown.journey_id = journey.journey_id
group by finding.no_label, journey.journey_key
order by label, journey.journey_key;
comment on table analytics.finding_journey is 'Which journeys show a finding; amount: passes, repetitions or the like in that journey.';

create view analytics.journey_way as
select journey.journey_key, journey.customer_key, journey.started_at, journey.is_complete, variant.n_steps, variant.steps
from analytics.journey inner join analytics.variant using (variant_id);
comment on view analytics.journey_way is 'Journeys with the way they went, as text.';

create view analytics.confirmed_finding as
select label, kind, grade, title, value, low, high, unit, customer_min_per_week, n_journeys, text_evidence, text_caution
from analytics.finding
where status = 'confirmed'
order by rank_no;
comment on view analytics.confirmed_finding is 'Findings that hold, in the order of the report.';

create view analytics.call_day as
select cast(occurred_at as date) as day, count(distinct coalesce(call_key, cast(event_id as varchar))) as n_calls,
    count(distinct customer_key) as n_customers
from analytics.event
where class = 'contact' and visible and actor = 'customer' and channel in ('ivr', 'agent', 'phone')
group by day
order by day;
comment on view analytics.call_day is 'Calls of customers per UTC day.';

create view analytics.customer_minute as
select customer_key, count(*) as n_journeys, sum(n_calls) as n_calls, sum(effort_ms) / 60000.0 as minutes
from analytics.journey
group by customer_key;
comment on view analytics.customer_minute is 'Journeys, calls and minutes of each customer.';
