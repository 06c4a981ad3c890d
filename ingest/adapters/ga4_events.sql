/*---
summary = "Google Analytics 4 events as BigQuery exports them, JSON lines or Parquet; numbers may be texts, fields may be absent"
records = "json"
sign = '"(event_name|event_timestamp)"'
codes = "<event name> /path, e.g. 'page_view /payment.html', 'purchase /thanks'"
---*/
-- Times are microseconds since 1970. The query string of a page is dropped: it carries e-mail addresses. Who refused cookies has no
-- pseudo id: the session's number, which is only its first second, keeps his pages together and knows nobody. Places, devices and
-- properties of a person are not read. A transaction that is not set is none. An event has no id: what it says, with its place in its
-- batch, is its key, so that a day counts once that comes in another form, or first as it streams in and then as a whole.
-- noqa: disable=PRS
with document as (select line_no, try_cast(raw as json) as d from line),
shape as (
    select
        line_no, json_type(d) as kind,
        no_text(d, ['$.event_timestamp', '$.event_name', '$.user_pseudo_id', '$.user_id', '$.client_id', '$.ecommerce.transaction_id']) as not_text,
        no_list(d, ['$.event_params', '$.items']) as not_list,
        no_object(d, ['$.ecommerce']) as not_object,
        from_json(d, '{"event_timestamp":"VARCHAR","event_name":"VARCHAR","user_pseudo_id":"VARCHAR","user_id":"VARCHAR","client_id":"VARCHAR",
            "event_bundle_sequence_id":"VARCHAR","batch_event_index":"VARCHAR","batch_page_id":"VARCHAR","batch_ordering_id":"VARCHAR",
            "event_params":[{"key":"VARCHAR","value":{"string_value":"VARCHAR","int_value":"VARCHAR","float_value":"DOUBLE","double_value":"DOUBLE"}}],
            "ecommerce":{"transaction_id":"VARCHAR"},"items":[{"item_id":"VARCHAR"}]}') as e
    from document
),
told as (
    select
        *,
        case when regexp_full_match(e.event_timestamp, '[0-9]{15,16}') then make_timestamp(try_cast(e.event_timestamp as bigint)) end as at_time,
        list_sort(list_transform(
            e.event_params, lambda p: concat_ws('=', p.key, coalesce(p.value.string_value, p.value.int_value, cast(coalesce(p.value.double_value, p.value.float_value) as varchar)))
        )) as params,
        list_filter(e.event_params, lambda p: p.key = 'page_location')[1].value.string_value as page,
        list_filter(e.event_params, lambda p: p.key = 'ga_session_id')[1].value as session,
        nullif(nullif(e.ecommerce.transaction_id, ''), '(not set)') as transaction_id,
        list_distinct(list_filter(list_transform(e.items, lambda i: i.item_id), lambda i: i not in ('', '(not set)'))) as items
    from shape
),
checked as (
    select
        *,
        case
            when kind is null or kind <> 'OBJECT' then 'record'
            when not_text is not null then not_text
            when not_list is not null then not_list
            when not_object is not null then not_object
            when at_time is null then 'event_timestamp'
            when coalesce(e.event_name, '') = '' then 'event_name'
        end as problem_field
    from told
)
select
    line_no, problem_field,
    case problem_field when 'event_timestamp' then e.event_timestamp end as problem_value,
    case
        when problem_field = 'record' then 'a JSON object'
        when problem_field = not_text then 'a number or a text'
        when problem_field = not_list then 'a list'
        when problem_field = not_object then 'an object'
        when problem_field = 'event_timestamp' then 'microseconds since 1970'
        when problem_field = 'event_name' then 'the name of an event'
    end as problem_expectation,
    at_time as occurred_at,
    e.event_name || coalesce(' ' || page_path(page), '') as code,
    nullif(e.user_id, '') as login,
    coalesce(nullif(e.user_pseudo_id, ''), nullif(e.client_id, '')) as cookie,
    case when coalesce(e.user_pseudo_id, e.client_id, '') = '' then 'session ' || coalesce(session.int_value, session.string_value) end as visitor,
    case when e.event_name in ('purchase', 'refund') then transaction_id end as order_no,
    case when len(items) = 1 then items[1] end as product_id,
    items as products,
    concat_ws(
        '|', e.event_timestamp, e.event_name, coalesce(e.user_pseudo_id, e.client_id), e.event_bundle_sequence_id, e.batch_page_id,
        e.batch_ordering_id, e.batch_event_index, transaction_id, list_sort(items), params
    ) as record_key,
    cast(0 as bigint) as record_version
from checked
