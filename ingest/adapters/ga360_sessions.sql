/*---
summary = "Google Analytics 360 sessions as BigQuery exported them: one session with its hits a record; hits or hits_sample"
records = "json"
sign = '"(visitStartTime|fullVisitorId|visitId|hits\w*)"'
tells = "record"
codes = "PAGE /path, EVENT <category> <action>, TRANSACTION ..., one a hit"
---*/
-- A session is known by its visitor, visit and begin (one that goes on over midnight comes in two parts), and told again it replaces
-- itself: the one with more hits wins. Query strings are dropped.
-- noqa: disable=PRS
with document as (select line_no, try_cast(raw as json) as d from line),
shape as (
    select
        line_no, json_type(d) as kind,
        no_text(d, ['$.fullVisitorId', '$.visitId', '$.visitStartTime', '$.userId']) as not_text,
        no_list(d, ['$.hits', '$.hits_sample']) as not_list,
        from_json(d, '{"fullVisitorId":"VARCHAR","visitId":"VARCHAR","visitStartTime":"VARCHAR","userId":"VARCHAR",
            "hits":[{"hitNumber":"VARCHAR","time":"VARCHAR","type":"VARCHAR","pagePath":"VARCHAR","page":{"pagePath":"VARCHAR"},"eventInfo":{"eventCategory":"VARCHAR","eventAction":"VARCHAR"},
                "transaction":{"transactionId":"VARCHAR"},"product":[{"productSKU":"VARCHAR"}]}],
            "hits_sample":[{"hitNumber":"VARCHAR","time":"VARCHAR","type":"VARCHAR","pagePath":"VARCHAR","page":{"pagePath":"VARCHAR"},"eventInfo":{"eventCategory":"VARCHAR","eventAction":"VARCHAR"},
                "transaction":{"transactionId":"VARCHAR"},"product":[{"productSKU":"VARCHAR"}]}]}') as s
    from document
),
told as (
    select
        *, coalesce(s.hits, s.hits_sample, []) as hits,
        case when regexp_full_match(s.visitStartTime, '[0-9]{9,10}') then 1000 * try_cast(s.visitStartTime as bigint) end as start_ms
    from shape
)
select
    line_no,
    case
        when kind is null or kind <> 'OBJECT' then 'record'
        when not_text is not null then not_text
        when not_list is not null then not_list
        when coalesce(s.fullVisitorId, '') = '' then 'fullVisitorId'
        when start_ms is null then 'visitStartTime'
    end as problem_field,
    case when kind = 'OBJECT' and coalesce(s.fullVisitorId, '') <> '' and start_ms is null then s.visitStartTime end as problem_value,
    case
        when kind is null or kind <> 'OBJECT' then 'a JSON object'
        when not_text is not null then 'a number or a text'
        when not_list is not null then 'a list'
        when coalesce(s.fullVisitorId, '') = '' then 'an id'
        else 'seconds since 1970'
    end as problem_expectation,
    concat_ws('|', s.fullVisitorId, s.visitId, s.visitStartTime) as record_key,
    len(hits) as record_version,
    s.fullVisitorId as cookie,
    s.userId as login,
    list_filter(list_transform(hits, lambda h: h.transaction.transactionId), lambda x: x is not null)[1] as order_no,
    list_distinct(flatten(list_transform(hits, lambda h: list_transform(coalesce(h.product, []), lambda p: p.productSKU)))) as products,
    list_transform(hits, lambda h, n: moment(
        coalesce(h.type, '?') || coalesce(' ' || h.eventInfo.eventCategory, '') || coalesce(' ' || h.eventInfo.eventAction, '')
        || case when h.eventInfo.eventCategory is null then coalesce(' ' || page_path(coalesce(h.pagePath, h.page.pagePath)), '') else '' end,
        coalesce(
            strftime(make_timestamp(1000 * (start_ms + case when regexp_full_match(h.time, '[0-9]{1,9}') then try_cast(h.time as bigint) end)), '%Y-%m-%dT%H:%M:%S.%fZ'),
            'no time'
        ),
        'hit ' || coalesce(h.hitNumber, '#' || n), least(n, 65000)
    )) as moments
from told
