/*---
[columns]
line_no = "uinteger"
problem_field = "varchar"
problem_value = "varchar"
problem_expectation = "varchar"
time_text = "varchar"
occurred_at = "timestamp"
local_at = "timestamp"
method = "varchar"
target = "varchar"
status = "varchar"
agent = "varchar"
login = "varchar"
cookie = "varchar"
ip = "varchar"
forwarded = "varchar"
---*/
-- A request to a web server, however it was written down. The query string is dropped: it carries e-mail addresses and passwords. A
-- format without agents leaves `agent` NULL; one that has them and says '-' tells a machine.
with page as (
    select
        *, nullif(nullif(cookie, '-'), '') as visitor_cookie,
        regexp_replace(split_part(split_part(target, '?', 1), '#', 1), '^https?://[^/]*', '') as path
    from told
),
judged as (
    select
        * exclude (problem_field), problem_field as shape,
        case
            when problem_field is not null then null
            when is_static(path) then 'static'
            when agent in ('', '-') then 'no user agent'
            when method in ('HEAD', 'OPTIONS', 'PROPFIND', 'CONNECT') then 'no page view'
        end as drop_reason
    from page
),
checked as (
    select
        *,
        case
            when shape is not null then shape
            when drop_reason is not null then null
            when occurred_at is null and local_at is null then 'time'
            when regexp_full_match(status, '[1-5][0-9][0-9]') is not true then 'status'
            when (regexp_full_match(method, '[A-Z]+') and path <> '') is not true then 'request'
        end as problem_field
    from judged
),
wanted as (
    select *, problem_field is null and drop_reason is null as is_page from checked
)
select
    line_no, problem_field, drop_reason,
    case problem_field when shape then problem_value when 'time' then time_text when 'status' then status when 'request' then method end as problem_value,
    case problem_field
        when shape then problem_expectation
        when 'time' then 'a time that the format tells, with an offset'
        when 'status' then 'a status of three digits'
        when 'request' then 'METHOD /path HTTP/version'
    end as problem_expectation,
    case when is_page then occurred_at end as occurred_at,
    case when is_page then local_at end as local_at,
    case when is_page then method || ' ' || left(path, 450) || case when status >= '500' then ' -> 5xx' when status >= '400' then ' -> 4xx' else '' end end as code,
    case when is_page then nullif(nullif(login, '-'), '') end as login,
    case when is_page then visitor_cookie end as cookie,
    -- address and agent only keep the pages of a visit together, where there is no cookie to do so
    case when is_page and visitor_cookie is null then coalesce(nullif(nullif(trim(split_part(forwarded, ',', 1)), '-'), ''), ip) || '|' || coalesce(agent, '') end as visitor,
    case when is_page then agent end as agent
from wanted
