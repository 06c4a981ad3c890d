/*---
summary = "Segment's calls, and what speaks like them (RudderStack, PostHog's and others' exports): track, page, screen, identify, alias, one a line"
records = "json"
sign = '"(messageId|anonymousId|userId)"'
codes = "track <event>, page /path, screen <name>; identify, group and alias only say who is who"
---*/
-- The moment is the event's own (timestamp), else when it was received. An anonymous id is a browser's or a telephone's. A call that is
-- sent twice has one messageId. Of traits only the e-mail address and the telephone are read; an address as user id is an e-mail.
-- noqa: disable=PRS
with document as (select line_no, try_cast(raw as json) as d from line),
shape as (
    select
        line_no, json_type(d) as kind,
        no_text(d, ['$.type', '$.event', '$.userId', '$.anonymousId', '$.messageId', '$.timestamp', '$.traits.email', '$.context.traits.email', '$.properties.order_id', '$.properties.product_id']) as not_text,
        no_object(d, ['$.properties', '$.traits', '$.context']) as not_object,
        no_list(d, ['$.properties.products']) as not_list,
        from_json(d, '{"type":"VARCHAR","event":"VARCHAR","name":"VARCHAR","userId":"VARCHAR","anonymousId":"VARCHAR","messageId":"VARCHAR","timestamp":"VARCHAR","receivedAt":"VARCHAR","sentAt":"VARCHAR",
            "traits":{"email":"VARCHAR","phone":"VARCHAR"},
            "context":{"userAgent":"VARCHAR","traits":{"email":"VARCHAR","phone":"VARCHAR"},"page":{"path":"VARCHAR","url":"VARCHAR"}},
            "properties":{"path":"VARCHAR","url":"VARCHAR","name":"VARCHAR","order_id":"VARCHAR","orderId":"VARCHAR","product_id":"VARCHAR","email":"VARCHAR","products":[{"product_id":"VARCHAR"}]}}') as e
    from document
),
told as (
    select
        *, lower(e.type) as call, any_moment(coalesce(e.timestamp, e.receivedAt, e.sentAt)) as at_time,
        coalesce(e.properties.path, e.context.page.path, e.properties.url, e.context.page.url) as page
    from shape
),
checked as (
    select
        *,
        case
            when kind is null or kind <> 'OBJECT' then 'record'
            when not_text is not null then not_text
            when not_object is not null then not_object
            when not_list is not null then not_list
            when call is null or call not in ('track', 'page', 'screen', 'identify', 'group', 'alias') then 'type'
            when at_time is null then 'timestamp'
            when call = 'track' and coalesce(e.event, '') = '' then 'event'
            when coalesce(e.userId, e.anonymousId, '') = '' then 'anonymousId'
        end as problem_field
    from told
)
select
    line_no, problem_field,
    case problem_field when 'type' then e.type when 'timestamp' then coalesce(e.timestamp, e.receivedAt, e.sentAt) end as problem_value,
    case
        when problem_field = 'record' then 'a JSON object'
        when problem_field = not_text then 'a number or a text'
        when problem_field = not_object then 'an object'
        when problem_field = not_list then 'a list'
        when problem_field = 'type' then 'track, page, screen, identify, group or alias'
        when problem_field = 'timestamp' then 'ISO 8601 with an offset'
        when problem_field = 'event' then 'the name of an event'
        when problem_field = 'anonymousId' then 'an id'
    end as problem_expectation,
    cast(at_time as timestamp) as occurred_at,
    case call
        when 'track' then 'track ' || e.event
        when 'page' then 'page' || coalesce(' ' || page_path(page), ' ' || e.name, '')
        when 'screen' then 'screen' || coalesce(' ' || e.name, ' ' || e.event, '')
    end as code,
    nullif(e.messageId, '') as record_key,
    epoch_ms(coalesce(any_moment(e.receivedAt), at_time)) as record_version,
    case when not contains(e.userId, '@') then e.userId end as login,
    coalesce(e.traits.email, e.context.traits.email, e.properties.email, case when contains(e.userId, '@') then e.userId end) as email,
    coalesce(e.traits.phone, e.context.traits.phone) as phone,
    e.anonymousId as cookie,
    e.context.userAgent as agent,
    coalesce(e.properties.order_id, e.properties.orderId) as order_no,
    e.properties.product_id as product_id,
    list_distinct(list_filter(list_transform(e.properties.products, lambda p: p.product_id), lambda x: x is not null)) as products
from checked
