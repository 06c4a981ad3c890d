-- Journeys (method 2.2): events of an order are that order's; a contact that names an order is that order's; other contacts
-- join the customer's open order that fits best; the rest is cut where the customer was quiet for `gap_free`.
-- A contact (one call, one browser session, else one event) is never torn apart unless it names several orders.
create or replace temp table told as
select
    event_no, event_id, customer_id, identity_strength, occurred_at, ended_at, coalesce(ended_at, occurred_at) as until_at, order_id, product_id, intent,
    channel, step, stage, department, raw_code, session_id, call_id, wait_ms, handle_ms, engaged_ms, engaged_is_usual, engaged_wait_ms, engaged_before_ms,
    coalesce('c' || call_id, 's' || session_id, 'e' || event_no) as contact
from event semi join anew using (customer_id)
where visible;

create or replace temp table anchor as
select t.customer_id, t.order_id, min(t.occurred_at) as first_at, max(t.until_at) as last_at,
    coalesce(min(t.occurred_at) filter (where t.stage = 'order'), min(t.occurred_at)) as placed_at,
    list(distinct t.intent) filter (where t.intent is not null) as intents
from told as t
where t.order_id is not null
group by t.customer_id, t.order_id;

-- 1. contacts that name orders: each free event goes to the order named nearest in time, the later one on a tie
create or replace temp table by_contact as
with hard as (select customer_id, contact, order_id, occurred_at, event_no from told where order_id is not null),
free as (select * from told where order_id is null and not starts_with(contact, 'e'))
select f.event_no, arg_min(h.order_id, row(abs(date_diff('millisecond', f.occurred_at, h.occurred_at)), -cast(h.event_no as bigint))) as order_id
from free as f inner join hard as h on h.customer_id = f.customer_id and h.contact = f.contact
group by f.event_no;

-- 2. other contacts: score against the customer's orders that are open around them
create or replace temp table contact as
select
    customer_id, contact, min(occurred_at) as first_at, max(until_at) as last_at, min(event_no) as first_event_no,
    list(distinct product_id) filter (where product_id is not null) as products, list(distinct intent) filter (where intent is not null) as intents,
    arg_min(channel, event_no) as channel, bool_and(stage in ('research', 'review', 'order')) as is_shopping
from told anti join by_contact using (event_no)
where order_id is null
group by customer_id, contact;

create or replace temp table by_score as
with goods as (
    select o.order_id, list(distinct o.product_id) as products
    from order_product as o left join newest_record as n using (record_key)
    -- what an order once held, and holds no more, is none of its goods
    where n.record_key is null or o.record_hash = n.version.record_hash
    group by o.order_id
),
candidate as (
    select
        c.customer_id, c.contact, a.order_id, c.channel, c.first_at as contact_at, a.first_at, a.last_at,
        3 * cast(list_has_any(coalesce(c.products, []), coalesce(g.products, [])) as integer) as same_product,
        2 * cast(list_has_any(coalesce(c.intents, []), coalesce(a.intents, [])) as integer) as same_intent,
        greatest(0, date_diff('second', a.last_at, c.first_at), date_diff('second', c.last_at, a.first_at)) / 3600.0 as away_h
    from contact as c
    inner join anchor as a
        on a.customer_id = c.customer_id
        and c.first_at <= a.last_at + to_seconds(getvariable('after_order_s')) and c.last_at >= a.first_at - to_seconds(getvariable('before_order_s'))
    left join goods as g on g.order_id = a.order_id
    -- a contact that only looks for goods after the order was placed is about the next need, not about this order
    where not (c.is_shopping and c.first_at > a.placed_at)
),
last_channel as (
    select c.customer_id, c.contact, c.order_id, arg_max(t.channel, t.event_no) as channel
    from candidate as c
    inner join told as t on t.customer_id = c.customer_id and t.order_id = c.order_id and t.occurred_at <= c.contact_at
    group by c.customer_id, c.contact, c.order_id
),
scored as (
    select
        c.customer_id, c.contact, c.order_id, c.first_at,
        c.same_product + c.same_intent + coalesce(cast(l.channel = c.channel as integer), 0) + 2 * exp(-c.away_h / 24) as score
    from candidate as c left join last_channel as l using (customer_id, contact, order_id)
)
select
    customer_id, contact, order_id, score,
    coalesce(score - lead(score) over w < 1, false) as ambiguous, row_number() over w as place
from scored
window w as (partition by customer_id, contact order by score desc, first_at desc, order_id);

-- 3. the rest: a new episode after `gap_free` without a free contact
create or replace temp table by_gap as
with free as (
    select c.* from contact as c anti join by_score as s on s.customer_id = c.customer_id and s.contact = c.contact
),
stepped as (
    select
        customer_id, contact, first_event_no, first_at,
        coalesce(date_diff('second', max(last_at) over (partition by customer_id order by first_at, first_event_no rows between unbounded preceding and 1 preceding), first_at) > getvariable('gap_free_s'), true) as is_new
    from free
)
select customer_id, contact, sum(is_new::integer) over (partition by customer_id order by first_at, first_event_no rows unbounded preceding) as episode
from stepped;

create or replace temp table assigned as
select
    t.event_no, t.customer_id, coalesce(t.order_id, b.order_id, s.order_id) as order_id, g.episode,
    case
        when t.order_id is not null then 'order id' when b.order_id is not null then 'same contact'
        when s.order_id is not null then 'open order' else 'gap'
    end as assign_rule,
    coalesce(s.ambiguous, false) as ambiguous
from told as t
left join by_contact as b using (event_no)
left join (select * from by_score where place = 1) as s on s.customer_id = t.customer_id and s.contact = t.contact and t.order_id is null and b.order_id is null
left join by_gap as g on g.customer_id = t.customer_id and g.contact = t.contact;

create or replace temp table fresh_journey as
with summed as (
    select
        a.customer_id, a.order_id, a.episode, min(e.occurred_at) as started_at, max(e.until_at) as ended_at,
        min(a.event_no) as first_event_no,
        -- of equal lines the name, not the place, says which is the first: the place depends on which file came first
        arg_min(e.event_id, row(e.occurred_at, e.event_id)) as first_event_id,
        -- a journey is known as well as its least known event
        min(e.identity_strength) as identity_strength, count(*) filter (where a.ambiguous) as n_ambiguous
    from assigned as a inner join told as e using (event_no)
    group by a.customer_id, a.order_id, a.episode
)
select
    s.customer_id, cast(0 as uinteger) as seq, s.first_event_no,
    left(md5(c.customer_key || '|' || coalesce('order ' || s.order_id, 'event ' || s.first_event_id)), 12) as journey_key,
    case when s.order_id is null then 'episode' else 'order' end as anchor, s.order_id, s.episode, s.started_at, s.ended_at,
    s.identity_strength, cast(s.n_ambiguous as uinteger) as n_ambiguous,
    c.part
from summed as s inner join customer as c using (customer_id)
