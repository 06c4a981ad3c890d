/*---
summary = "access logs as JSON, one request a line, as nginx, Caddy and Traefik write them; fields by their usual names"
records = "json"
sign = '"\w*(status|Status|STATUS)\w*"'
tells = "web_request"
codes = "METHOD /path, with ' -> 4xx' or ' -> 5xx' when the answer was an error"
---*/
-- A log without methods is one of pages: GET. Times carry an offset, or are seconds since 1970; a wall clock is not guessed at.
with document as (select line_no, try_cast(raw as json) as d from line),
named as (
    select
        line_no, json_type(d) as kind, d,
        json_extract_string(d, ['$.time_iso8601', '$.StartUTC', '$."@timestamp"', '$.timestamp', '$.date', '$.time', '$.ts', '$.msec']) as times,
        json_extract_string(d, ['$.request', '$.request_line']) as requests,
        json_extract_string(d, ['$.request_method', '$.RequestMethod', '$.request.method', '$.method']) as methods,
        json_extract_string(d, ['$.request_uri', '$.RequestPath', '$.request.uri', '$.uri', '$.path', '$.url']) as targets,
        json_extract_string(d, ['$.status', '$.DownstreamStatus', '$.response.status']) as statuses,
        json_extract_string(d, ['$.http_user_agent', '$."request_User-Agent"', '$.request.headers."User-Agent"[0]', '$.user_agent', '$.agent']) as agents,
        json_extract_string(d, ['$.remote_user', '$.ClientUsername', '$.user_id', '$.user']) as logins,
        json_extract_string(d, ['$.http_x_forwarded_for', '$.request.headers."X-Forwarded-For"[0]', '$.x_forwarded_for']) as forwards,
        json_extract_string(d, ['$.remote_addr', '$.ClientHost', '$.request.client_ip', '$.request.remote_ip', '$.remote_ip', '$.ip', '$.client_ip']) as ips,
        json_extract_string(d, '$."' || coalesce(nullif(getvariable('cookie_name'), ''), 'no cookie') || '"') as cookie
    from document
),
part as (
    select
        *, list_filter(times, lambda x: x is not null)[1] as time_text,
        string_split(list_filter(requests, lambda x: x is not null and not starts_with(x, '{'))[1], ' ') as request
    from named
)
select
    line_no,
    case when kind is null or kind <> 'OBJECT' then 'record' end as problem_field,
    'a JSON object' as problem_expectation,
    time_text,
    coalesce(
        cast(any_moment(time_text) as timestamp),
        epoch_moment(time_text)
    ) as occurred_at,
    coalesce(list_filter(methods, lambda x: x is not null)[1], request[1], 'GET') as method,
    coalesce(list_filter(targets, lambda x: x is not null)[1], request[2]) as target,
    list_filter(statuses, lambda x: x is not null)[1] as status,
    list_filter(agents, lambda x: x is not null)[1] as agent,
    list_filter(logins, lambda x: x is not null)[1] as login,
    cookie,
    list_filter(ips, lambda x: x is not null)[1] as ip,
    list_filter(forwards, lambda x: x is not null)[1] as forwarded
from part
