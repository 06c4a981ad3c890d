/*---
summary = "Snowplow enriched events, tab-separated, 131 columns without a header"
records = "lines"
sign = '(?m)^([^\t\n]*\t){60}'
codes = "<event name> /path, with the action of e-commerce events, e.g. 'page_view /cart', 'snowplow_ecommerce_action add_to_cart /p/1'"
---*/
-- noqa: disable=PRS
-- The moment is derived_tstamp, the browser's clock corrected by what the collector saw, else the collector's; UTC. The same event twice
-- (id and fingerprint) is one; another payload under the same id is another event. Addresses and places are not read.
with field as (
    select line_no, string_split(raw, chr(9)) as f from line
),
part as (
    select
        line_no, f, len(f) as n_fields, nullif(f[7], '') as event_id, nullif(f[127], '') as event_name, nullif(f[36], '') as path,
        coalesce(nullif(f[125], ''), f[4]) as clock, json_extract_string(try_cast(nullif(f[59], '') as json), '$.data.data.type') as action,
        json_extract_string(try_cast(nullif(f[59], '') as json), ['$.data.data.transaction.transaction_id', '$.data.data.transaction_id']) as transactions
    from field
),
checked as (
    select
        *,
        case when regexp_full_match(clock, '[0-9]{4}-[0-9]{2}-[0-9]{2} [0-2][0-9]:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?') then try_strptime(clock, ['%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%d %H:%M:%S']) end as at_time,
        case
            when n_fields <> 131 then 'fields'
            when not regexp_full_match(event_id, '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}') or event_id is null then 'event_id'
            when coalesce(event_name, nullif(f[6], '')) is null then 'event_name'
        end as shape
    from part
),
judged as (
    select *, coalesce(shape, case when at_time is null then 'derived_tstamp' end) as problem_field from checked
)
select
    line_no, problem_field,
    case problem_field when 'fields' then cast(n_fields as varchar) when 'event_id' then event_id when 'derived_tstamp' then clock end as problem_value,
    case problem_field
        when 'fields' then '131 to 131 fields'
        when 'event_id' then 'an id'
        when 'event_name' then 'the name of an event'
        when 'derived_tstamp' then 'a time such as %Y-%m-%d %H:%M:%S.%f'
    end as problem_expectation,
    at_time as occurred_at,
    coalesce(event_name, f[6]) || coalesce(' ' || action, '') || coalesce(' ' || page_path(path), '') as code,
    event_id || '|' || coalesce(f[130], '') as record_key,
    cast(0 as bigint) as record_version,
    nullif(f[13], '') as login,
    coalesce(nullif(f[16], ''), nullif(f[18], '')) as cookie,
    coalesce(nullif(f[60], ''), nullif(f[68], ''), list_filter(transactions, lambda x: x is not null)[1]) as order_no,
    nullif(f[69], '') as product_id,
    nullif(f[78], '') as agent
from judged
