/*---
[columns]
line_no = "uinteger"
problem_field = "varchar"
problem_value = "varchar"
problem_expectation = "varchar"
drop_reason = "varchar"
record_key = "varchar"
record_version = "bigint"
customer_no = "varchar"
login = "varchar"
email = "varchar"
order_no = "varchar"
call_no = "varchar"
reference = "varchar"
phone = "varchar"
cookie = "varchar"
visitor = "varchar"
agent = "varchar"
products = "varchar[]"
attributes = "json"
moments = "struct(code varchar, told varchar, told_until varchar, part_key varchar, part usmallint, wait_ms bigint, handle_ms bigint, intent varchar, product_id varchar)[]"
---*/
-- A record with the moments of its life, such as an order or a contact, each made by `moment()`. A moment that is told and can't be
-- read spoils its whole record: half a life would look like skipped steps. Moments of one instant come in the order of `part`.
-- noqa: disable=PRS
with lived as (
    select * replace (list_filter(moments, lambda m: m.told is not null) as moments) from told
),
checked as (
    select
        *,
        list_min(list_transform(
            list_filter(moments, lambda m: any_moment(m.told) is null or (m.told_until is not null and any_moment(m.told_until) is null)), lambda m: m.part_key
        )) as spoilt
    from lived
),
each as (
    select * exclude (moments), unnest(case when problem_field is null and spoilt is null and len(moments) > 0 then moments else [null] end) as m from checked
),
timed as (
    select *, cast(any_moment(m.told) as timestamp) as at_time, cast(any_moment(m.told_until) as timestamp) as until_time from each
)
select
    line_no, drop_reason,
    coalesce(problem_field, split_part(spoilt, ' ', 1)) as problem_field,
    case when problem_field is not null then problem_value end as problem_value,
    case when problem_field is not null then problem_expectation when spoilt is not null then 'ISO 8601 with an offset' end as problem_expectation,
    at_time as occurred_at, case when until_time >= at_time then until_time end as ended_at, m.code, m.part_key, m.part,
    m.wait_ms, m.handle_ms, m.intent, m.product_id,
    record_key, record_version, customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor, agent, products, attributes
from timed
