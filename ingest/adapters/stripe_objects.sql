/*---
summary = "Stripe objects: events of its webhooks, or charges, refunds, payment intents, checkout sessions, invoices, disputes from a list"
records = "json"
list = "data"
tells = "record"
codes = "the event's type, e.g. 'charge.succeeded', 'checkout.session.completed'; of other objects '<object> <status>', e.g. 'refund succeeded'"
---*/
-- Events are facts and come at least once: their id is the key. An object that is listed again replaces its earlier state at the moment it
-- was made. Order and customer are what the shop put into metadata (order_id, customer_id), else Stripe's own numbers. Cards, addresses
-- and names are not read.
with document as (select line_no, try_cast(raw as json) as d from line),
shape as (
    select
        line_no, json_type(d) as kind, json_extract_string(d, '$.object') = 'event' as is_event,
        no_text(d, ['$.id', '$.object', '$.type', '$.created', '$.status']) as not_text,
        no_object(d, ['$.metadata']) as not_object,
        json_extract_string(d, ['$.id', '$.object', '$.type', '$.created', '$.status']) as own,
        case when json_extract_string(d, '$.object') = 'event' then json_extract(d, '$.data.object') else d end as o
    from document
),
part as (
    select
        *,
        json_extract_string(o, ['$.metadata.order_id', '$.metadata.order', '$.client_reference_id', '$.payment_intent', '$.charge']) as orders,
        json_extract_string(o, ['$.metadata.customer_id', '$.customer']) as customers,
        json_extract_string(o, ['$.customer_details.email', '$.customer_email', '$.receipt_email', '$.billing_details.email', '$.email']) as emails,
        json_extract_string(o, ['$.customer_details.phone', '$.billing_details.phone', '$.customer_phone', '$.phone']) as phones,
        json_extract_string(o, '$.object') as what, json_extract_string(o, '$.id') as object_id,
        epoch_moment(own[4]) as at_time
    from shape
)
select
    line_no,
    case
        when kind is null or kind <> 'OBJECT' then 'record'
        when not_text is not null then not_text
        when not_object is not null then not_object
        when coalesce(own[1], '') = '' then 'id'
        when coalesce(own[2], '') = '' then 'object'
        when is_event and coalesce(own[3], '') = '' then 'type'
        when is_event and what is null then 'data.object'
        when at_time is null then 'created'
    end as problem_field,
    case when kind = 'OBJECT' and coalesce(own[1], '') <> '' and coalesce(own[2], '') <> '' then own[4] end as problem_value,
    case
        when kind is null or kind <> 'OBJECT' then 'a JSON object'
        when not_text is not null then 'a number or a text'
        when not_object is not null then 'an object'
        when coalesce(own[1], '') = '' then 'an id'
        when coalesce(own[2], '') = '' or (is_event and (coalesce(own[3], '') = '' or what is null)) then 'the name of an event'
        else 'seconds since 1970'
    end as problem_expectation,
    own[1] as record_key,
    cast(0 as bigint) as record_version,
    coalesce(
        list_filter(orders, lambda x: x is not null)[1], case when what in ('payment_intent', 'charge') then object_id end
    ) as order_no,
    coalesce(list_filter(customers, lambda x: x is not null)[1], case when what = 'customer' then object_id end) as customer_no,
    list_filter(emails, lambda x: x is not null)[1] as email,
    list_filter(phones, lambda x: x is not null)[1] as phone,
    [moment(case when is_event then own[3] else own[2] || coalesce(' ' || own[5], '') end, strftime(at_time, '%Y-%m-%dT%H:%M:%S.%fZ'), 'created', 0)] as moments
from part
