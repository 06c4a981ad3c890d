/*---
summary = "Shopify orders as JSON: a REST answer {\"orders\": [...]}, a list, one order, or one order a line"
records = "json"
list = "orders"
codes = "created <source>, transaction <kind> <status>, fulfillment <status>, fulfillment_event <status>, refund, cancelled, closed, event <verb>"
---*/
-- Moments of one second come in the order an order lives through: `part` ranks them, since ids tell nothing.
-- An order is sent again each time it changes: its id is the key, its updated_at the version, the newest wins.
with record as (
    select
        line_no, o, o ->> 'id' as id, coalesce(o ->> 'order_number', ltrim(o ->> 'name', '#')) as order_no,
        o ->> 'created_at' as created_text, o ->> 'updated_at' as updated_text,
        iso_moment(coalesce(o ->> 'processed_at', o ->> 'created_at')) as created_at,
        iso_moment(coalesce(o ->> 'updated_at', o ->> 'created_at')) as updated_at,
        -- a list or an object that has become something else would be lost without a word; {} is how some write an empty list
        list_filter(
            [
                ('transactions', o -> 'transactions'), ('fulfillments', o -> 'fulfillments'), ('refunds', o -> 'refunds'),
                ('events', o -> 'events'), ('line_items', o -> 'line_items'), ('note_attributes', o -> 'note_attributes')
            ],
            lambda x: json_type(x[2]) not in ('ARRAY', 'NULL') and cast(x[2] as varchar) <> '{}'
        )[1][1] as no_list,
        list_filter(
            ['id', 'order_number', 'name', 'email', 'phone', 'customer.id', 'customer.email', 'customer.phone'],
            lambda x: json_type(json_extract(o, '$.' || x)) in ('ARRAY', 'OBJECT')
        )[1] as no_text
    from (select line_no, try_cast(raw as json) as o from line)
),
checked as (
    select
        *,
        case
            when o is null or json_type(o) <> 'OBJECT' then 'record'
            when id is null then 'id'
            when no_text is not null then no_text
            when no_list is not null then no_list
            when json_type(o -> 'customer') not in ('OBJECT', 'NULL') then 'customer'
            when len(list_filter(json_extract(o, '$.fulfillments[*].events'), lambda x: json_type(x) not in ('ARRAY', 'NULL'))) > 0 then 'fulfillments.events'
            when iso_moment(created_text) is null or created_at is null then 'created_at'
            when updated_at is null then 'updated_at'
        end as problem_field
    from record
),
moment as (
    select line_no, 'created ' || coalesce(o ->> 'source_name', 'unknown') as code, created_at as at_time, 'created' as part_key, 0 as part from checked where problem_field is null
    union all
    select line_no, 'cancelled', iso_moment(o ->> 'cancelled_at'), 'cancelled', 6000 from checked where problem_field is null and o ->> 'cancelled_at' is not null
    union all
    select line_no, 'closed', iso_moment(o ->> 'closed_at'), 'closed', 7000 from checked where problem_field is null and o ->> 'closed_at' is not null
    union all
    select line_no, 'transaction ' || coalesce(t.kind, '?') || ' ' || coalesce(t.status, '?'), iso_moment(coalesce(t.processed_at, t.created_at)), 'transaction ' || coalesce(t.id, '#' || n), 2000 + least(n, 999)
    from (select line_no, unnest(from_json(o -> 'transactions', '[{"id":"VARCHAR","kind":"VARCHAR","status":"VARCHAR","created_at":"VARCHAR","processed_at":"VARCHAR"}]')) as t, generate_subscripts(from_json(o -> 'transactions', '["JSON"]'), 1) as n from checked where problem_field is null and json_type(o -> 'transactions') = 'ARRAY')
    union all
    select line_no, 'fulfillment ' || coalesce(t.status, '?'), iso_moment(t.created_at), 'fulfillment ' || coalesce(t.id, '#' || n), 3000 + least(n, 999)
    from (select line_no, unnest(from_json(o -> 'fulfillments', '[{"id":"VARCHAR","status":"VARCHAR","created_at":"VARCHAR"}]')) as t, generate_subscripts(from_json(o -> 'fulfillments', '["JSON"]'), 1) as n from checked where problem_field is null and json_type(o -> 'fulfillments') = 'ARRAY')
    union all
    select line_no, 'fulfillment_event ' || coalesce(t.status, '?'), iso_moment(coalesce(t.happened_at, t.created_at)), 'fulfillment_event ' || coalesce(t.id, '#' || n), 4000 + least(n, 999)
    from (
        select line_no, unnest(e) as t, generate_subscripts(e, 1) as n
        from (select line_no, flatten(list_transform(from_json(o -> 'fulfillments', '[{"events":[{"id":"VARCHAR","status":"VARCHAR","created_at":"VARCHAR","happened_at":"VARCHAR"}]}]'), lambda x: coalesce(x.events, []))) as e from checked where problem_field is null and json_type(o -> 'fulfillments') = 'ARRAY')
    )
    union all
    select line_no, 'refund', iso_moment(coalesce(t.processed_at, t.created_at)), 'refund ' || coalesce(t.id, '#' || n), 5000 + least(n, 999)
    from (select line_no, unnest(from_json(o -> 'refunds', '[{"id":"VARCHAR","created_at":"VARCHAR","processed_at":"VARCHAR"}]')) as t, generate_subscripts(from_json(o -> 'refunds', '["JSON"]'), 1) as n from checked where problem_field is null and json_type(o -> 'refunds') = 'ARRAY')
    union all
    select line_no, 'event ' || coalesce(t.verb, '?'), iso_moment(t.created_at), 'event ' || coalesce(t.id, '#' || n), 1000 + least(n, 999)
    from (select line_no, unnest(from_json(o -> 'events', '[{"id":"VARCHAR","verb":"VARCHAR","created_at":"VARCHAR"}]')) as t, generate_subscripts(from_json(o -> 'events', '["JSON"]'), 1) as n from checked where problem_field is null and json_type(o -> 'events') = 'ARRAY')
),
-- a moment without a readable time spoils its whole record: half an order would look like a skipped step
spoilt as (
    select line_no, min(part_key) as part_key from moment where at_time is null group by line_no
)
select
    c.line_no,
    case when c.problem_field is not null then c.problem_field when s.line_no is not null then split_part(s.part_key, ' ', 1) end as problem_field,
    case c.problem_field when 'created_at' then c.created_text when 'updated_at' then c.updated_text end as problem_value,
    case
        when c.problem_field = 'record' then 'a JSON object'
        when c.problem_field = c.no_text then 'a number or a text'
        when c.problem_field = 'id' then 'an order id'
        when c.problem_field = 'customer' then 'an object'
        when c.problem_field in (c.no_list, 'fulfillments.events') then 'a list'
        when c.problem_field is not null or s.line_no is not null then 'ISO 8601 with an offset'
    end as problem_expectation,
    cast(m.at_time as timestamp) as occurred_at,
    m.code,
    m.part_key,
    cast(m.part as usmallint) as part,
    c.order_no,
    c.o -> 'customer' ->> 'id' as customer_no,
    coalesce(nullif(c.o ->> 'email', ''), c.o -> 'customer' ->> 'email') as email,
    coalesce(nullif(c.o ->> 'phone', ''), c.o -> 'customer' ->> 'phone') as phone,
    (select max(a.value) from (select unnest(from_json(c.o -> 'note_attributes', '[{"name":"VARCHAR","value":"VARCHAR"}]')) as a) where a.name = 'call_id') as call_no,
    list_distinct(list_transform(from_json(c.o -> 'line_items', '[{"product_id":"VARCHAR"}]'), lambda x: x.product_id)) as products,
    c.id as record_key,
    epoch_ms(c.updated_at) as record_version
from checked as c
left join spoilt as s using (line_no)
left join moment as m on m.line_no = c.line_no and c.problem_field is null and s.line_no is null
