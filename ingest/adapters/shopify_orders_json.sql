/*---
summary = "Shopify orders as JSON: a REST answer {\"orders\": [...]}, a list, one order, or one order a line"
records = "json"
sign = '"(orders|line_items|financial_status|processed_at|created_at)"'
list = "orders"
codes = "created <source>, transaction <kind> <status>, fulfillment <status>, fulfillment_event <status>, refund, cancelled, closed, event <verb>"
---*/
-- Moments of one second come in the order an order lives through: `part` ranks them, since ids tell nothing.
-- An order is sent again each time it changes: its id is the key, its updated_at the version, the newest wins.
-- the linter does not know lambdas of two parameters
-- noqa: disable=PRS
with parsed as (
    -- the whole order in one pass; what has another shape than is told here is NULL
    select
        line_no, json_type(o) as shape,
        -- transactions, refunds and fulfillments name the order that they are a part of; no order does
        json_exists(o, '$.order_id') as is_part,
        -- a list or an object that has become something else would be lost without a word; {} is how some write an empty list
        list_filter(
            list_zip(
                ['transactions', 'fulfillments', 'refunds', 'events', 'line_items', 'note_attributes'],
                json_type(o, ['$.transactions', '$.fulfillments', '$.refunds', '$.events', '$.line_items', '$.note_attributes'])
            ),
            lambda x: x[2] not in ('ARRAY', 'NULL') and cast(json_extract(o, '$.' || x[1]) as varchar) <> '{}'
        )[1][1] as no_list,
        list_filter(
            list_zip(
                ['id', 'order_number', 'name', 'email', 'phone', 'customer.id', 'customer.email', 'customer.phone'],
                json_type(o, ['$.id', '$.order_number', '$.name', '$.email', '$.phone', '$.customer.id', '$.customer.email', '$.customer.phone'])
            ),
            lambda x: x[2] in ('ARRAY', 'OBJECT')
        )[1][1] as no_text,
        json_type(o, '$.customer') not in ('OBJECT', 'NULL') as no_customer,
        len(list_filter(json_type(o, '$.fulfillments[*].events'), lambda x: x not in ('ARRAY', 'NULL'))) > 0 as no_events,
        from_json(o, '{"id":"VARCHAR","order_number":"VARCHAR","name":"VARCHAR","created_at":"VARCHAR","updated_at":"VARCHAR","processed_at":"VARCHAR",
            "cancelled_at":"VARCHAR","closed_at":"VARCHAR","source_name":"VARCHAR","email":"VARCHAR","phone":"VARCHAR",
            "customer":{"id":"VARCHAR","email":"VARCHAR","phone":"VARCHAR"},
            "note_attributes":[{"name":"VARCHAR","value":"VARCHAR"}],"line_items":[{"product_id":"VARCHAR"}],
            "events":[{"id":"VARCHAR","verb":"VARCHAR","created_at":"VARCHAR"}],
            "transactions":[{"id":"VARCHAR","kind":"VARCHAR","status":"VARCHAR","created_at":"VARCHAR","processed_at":"VARCHAR"}],
            "fulfillments":[{"id":"VARCHAR","status":"VARCHAR","created_at":"VARCHAR",
                "events":[{"id":"VARCHAR","status":"VARCHAR","created_at":"VARCHAR","happened_at":"VARCHAR"}]}],
            "refunds":[{"id":"VARCHAR","created_at":"VARCHAR","processed_at":"VARCHAR"}]}') as o
    from (select line_no, try_cast(raw as json) as o from line)
),
record as (
    select
        *, iso_moment(coalesce(o.processed_at, o.created_at)) as created_at, iso_moment(coalesce(o.updated_at, o.created_at)) as updated_at,
        case
            when shape is null or shape <> 'OBJECT' then 'record'
            when is_part then 'order_id'
            when coalesce(o.id, '') = '' then 'id'
            when no_text is not null then no_text
            when no_list is not null then no_list
            when no_customer then 'customer'
            when no_events then 'fulfillments.events'
            when iso_moment(o.created_at) is null or iso_moment(coalesce(o.processed_at, o.created_at)) is null then 'created_at'
            when iso_moment(coalesce(o.updated_at, o.created_at)) is null then 'updated_at'
        end as flaw
    from parsed
),
lived as (
    select
        *,
        case
            when flaw is null then flatten(list_value(
                list_value(struct_pack(code := 'created ' || coalesce(o.source_name, 'unknown'), at_time := created_at, part_key := 'created', part := 0)),
                list_value(struct_pack(code := 'cancelled', at_time := iso_moment(o.cancelled_at), part_key := 'cancelled', part := 6000))[1:(o.cancelled_at is not null)::integer],
                list_value(struct_pack(code := 'closed', at_time := iso_moment(o.closed_at), part_key := 'closed', part := 7000))[1:(o.closed_at is not null)::integer],
                list_transform(coalesce(o.events, []), lambda t, n: struct_pack(
                    code := 'event ' || coalesce(t.verb, '?'), at_time := iso_moment(t.created_at),
                    part_key := 'event ' || coalesce(t.id, '#' || n), part := 1000 + least(n, 999)
                )),
                list_transform(coalesce(o.transactions, []), lambda t, n: struct_pack(
                    code := 'transaction ' || coalesce(t.kind, '?') || ' ' || coalesce(t.status, '?'), at_time := iso_moment(coalesce(t.processed_at, t.created_at)),
                    part_key := 'transaction ' || coalesce(t.id, '#' || n), part := 2000 + least(n, 999)
                )),
                list_transform(coalesce(o.fulfillments, []), lambda t, n: struct_pack(
                    code := 'fulfillment ' || coalesce(t.status, '?'), at_time := iso_moment(t.created_at),
                    part_key := 'fulfillment ' || coalesce(t.id, '#' || n), part := 3000 + least(n, 999)
                )),
                list_transform(flatten(list_transform(coalesce(o.fulfillments, []), lambda f: coalesce(f.events, []))), lambda t, n: struct_pack(
                    code := 'fulfillment_event ' || coalesce(t.status, '?'), at_time := iso_moment(coalesce(t.happened_at, t.created_at)),
                    part_key := 'fulfillment_event ' || coalesce(t.id, '#' || n), part := 4000 + least(n, 999)
                )),
                list_transform(coalesce(o.refunds, []), lambda t, n: struct_pack(
                    code := 'refund', at_time := iso_moment(coalesce(t.processed_at, t.created_at)),
                    part_key := 'refund ' || coalesce(t.id, '#' || n), part := 5000 + least(n, 999)
                ))
            ))
        end as moments
    from record
),
checked as (
    -- a moment without a readable time spoils its whole record: half an order would look like a skipped step
    select *, list_min(list_transform(list_filter(moments, lambda m: m.at_time is null), lambda m: m.part_key)) as spoilt from lived
),
told as (
    select line_no, o, updated_at, flaw, no_text, no_list, spoilt, unnest(case when flaw is null and spoilt is null then moments else [null] end) as m from checked
)
select
    line_no,
    coalesce(flaw, split_part(spoilt, ' ', 1)) as problem_field,
    case flaw when 'created_at' then o.created_at when 'updated_at' then o.updated_at end as problem_value,
    case
        when flaw = 'record' then 'a JSON object'
        when flaw = 'order_id' then 'an order, and no part of one'
        when flaw = no_text then 'a number or a text'
        when flaw = 'id' then 'an order id'
        when flaw = 'customer' then 'an object'
        when flaw in (no_list, 'fulfillments.events') then 'a list'
        when flaw is not null or spoilt is not null then 'ISO 8601 with an offset'
    end as problem_expectation,
    cast(m.at_time as timestamp) as occurred_at,
    m.code,
    m.part_key,
    cast(m.part as usmallint) as part,
    coalesce(whole(o.order_number), ltrim(o.name, '#')) as order_no,
    whole(o.customer.id) as customer_no,
    coalesce(nullif(o.email, ''), o.customer.email) as email,
    coalesce(nullif(o.phone, ''), o.customer.phone) as phone,
    list_max(list_transform(list_filter(o.note_attributes, lambda a: a.name = 'call_id'), lambda a: a.value)) as call_no,
    list_distinct(list_transform(o.line_items, lambda x: x.product_id)) as products,
    whole(o.id) as record_key,
    epoch_ms(updated_at) as record_version
from told
