/*---
summary = "nginx access log, combined format, with any extra quoted fields after the user agent"
records = "lines"
sign = '" (\d{3}|-) '
trials = [
  { when = '^[^"]*"[^"]*"[^"]*"[^"]*" "[^"]*" "(-|unknown|[0-9]+([.][0-9]+){3}.*|[0-9A-Fa-f]*:[0-9A-Fa-f:]+.*)"$', extra = ["forwarded_for"] },
  { when = '^[^"]*"[^"]*"[^"]*"[^"]*" "[^"]*" "[^"]*"$', extra = ["cookie"] },
  {},
]
unwanted = '''
case when
    regexp_matches(raw, '^[^"]*"[^" ]* [^"?# ]*\.(?i:css|js|mjs|map|png|jpg|jpeg|gif|svg|webp|avif|ico|woff|woff2|ttf|otf|eot|mp4|webm)[?# "]')
    and len(string_split(raw, '"')) >= getvariable('n_quoted') and not contains(raw, '\"')
then 'static' end'''
codes = "METHOD /path, with ' -> 4xx' or ' -> 5xx' when the answer was an error"
---*/
-- Fields are cut at quotes and blanks, ten times as fast as one regular expression. nginx writes a quote inside a field as
-- \x22; Apache's \" is brought to that form first. The query string is dropped: it carries e-mail addresses and passwords.
-- Most lines are pictures and scripts: `unwanted` tells them by their ending, and nothing more of them is read.
with cut as (
    select line_no, string_split(case when contains(raw, '\"') then replace(raw, '\"', '\x22') else raw end, '"') as q
    from line
),
request as (
    select
        line_no, q[1] as head, q[3] as answer, q[6] as agent, len(q) as n_quoted, q[2] as request,
        q[getvariable('cookie_field')] as cookie, q[getvariable('forwarded_field')] as forwarded,
        split_part(split_part(split_part(q[2], ' ', 2), '?', 1), '#', 1) as target
    from cut
),
page as (
    select
        *,
        case when starts_with(target, 'http') then regexp_replace(target, '^https?://[^/]*', '') else target end as path,
        case
            when n_quoted < getvariable('n_quoted') then null
            when lower(regexp_extract(target, '\.([A-Za-z0-9]{1,5})$', 1)) in ('css', 'js', 'mjs', 'map', 'png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'avif', 'ico', 'woff', 'woff2', 'ttf', 'otf', 'eot', 'mp4', 'webm')
                or target in ('/robots.txt', '/sitemap.xml') then 'static'
            -- the answer is looked at, since in another format this field need not be the agent
            when agent in ('', '-') and regexp_matches(answer, '^ [1-5][0-9][0-9] ') then 'no user agent'
            when starts_with(request, 'HEAD ') or starts_with(request, 'OPTIONS ') or starts_with(request, 'PROPFIND ') or starts_with(request, 'CONNECT ') then 'no page view'
        end as drop_reason
    from request
),
field as (
    select
        *,
        case when drop_reason is null then split_part(head, ' ', 1) end as ip,
        case when drop_reason is null then split_part(head, ' ', 2) end as ident,
        case when drop_reason is null then instr(head, '[') end as bracket,
        case when drop_reason is null then split_part(answer, ' ', 2) end as status,
        case when drop_reason is null then string_split(request, ' ') end as r
    from page
),
timed as (
    select
        *,
        case when drop_reason is null and is_offset(substr(head, bracket + 22, 5)) then cast(try_strptime(substr(head, bracket + 1, 26), '%d/%b/%Y:%H:%M:%S %z') as timestamp) end as occurred_at
    from field
),
checked as (
    select
        *,
        case
            when drop_reason is not null then null
            when n_quoted < getvariable('n_quoted') then 'fields'
            -- a field more than `extra` names may stand before those it names
            when n_quoted > getvariable('n_quoted') and getvariable('n_quoted') > 7 then 'fields'
            when occurred_at is null then 'time'
            when regexp_full_match(status, '[1-5][0-9][0-9]') is not true then 'status'
            when (len(r) = 3 and regexp_full_match(r[1], '[A-Z]+') and path <> '') is not true then 'request'
        end as problem_field
    from timed
)
select
    line_no,
    problem_field,
    case problem_field when 'fields' then cast(n_quoted as varchar) when 'time' then substr(head, bracket + 1, 26) when 'status' then status when 'request' then r[1] end as problem_value,
    case problem_field
        when 'fields' then 'the quoted fields of the combined format and those named in `extra`'
        when 'time' then 'dd/Mon/yyyy:HH:MM:SS +hhmm, an offset from -1200 to +1400'
        when 'status' then 'a status of three digits'
        when 'request' then 'METHOD /path HTTP/version'
    end as problem_expectation,
    drop_reason,
    occurred_at,
    case when drop_reason is null then r[1] || ' ' || path || case when status >= '500' then ' -> 5xx' when status >= '400' then ' -> 4xx' else '' end end as code,
    case when drop_reason is null then nullif(substr(head, length(ident) + length(ip) + 3, bracket - length(ident) - length(ip) - 4), '-') end as login,
    case when drop_reason is null then nullif(nullif(cookie, '-'), '') end as cookie,
    -- address and agent only keep the pages of a visit together, where there is no cookie to do so
    case when drop_reason is null and coalesce(cookie, '-') in ('-', '') then coalesce(nullif(split_part(forwarded, ',', 1), '-'), ip) || '|' || agent end as visitor,
    case when drop_reason is null then agent end as agent
from checked
