/*---
summary = "W3C extended logs of web servers: IIS, CloudFront, NetScaler; #Fields says the columns and may change in mid-file"
records = "lines"
sign = '(?m)^#Fields'
tells = "web_request"
is_directive = "starts_with(raw, '#')"
codes = "METHOD /path, with ' -> 4xx' or ' -> 5xx' when the answer was an error"
---*/
-- noqa: disable=PRS
-- Times are UTC whatever the server's zone, unless they are called date-local and time-local. Values are parted by blanks, with + for a blank in a value (IIS), or by tabs, with
-- %20 (CloudFront). Of cookies that one is read which the source's `cookie` names.
with fields as (
    select line_no, string_split(trim(regexp_replace(substr(raw, 9), '\s+', ' ', 'g')), ' ') as names
    from directive where starts_with(raw, '#Fields:')
),
placed as (
    select
        l.line_no, n.names, contains(l.raw, chr(9)) as is_tabbed,
        case when contains(l.raw, chr(9)) then string_split(rtrim(l.raw, chr(9)), chr(9)) when contains(l.raw, '"') then list_transform(regexp_extract_all(l.raw, '"[^"]*"|[^ "]+'), lambda x: trim(x, '"')) else string_split(trim(l.raw), ' ') end as f
    from line as l asof left join fields as n on n.line_no <= l.line_no
),
part as (
    select
        *, list_contains(names, 'date-local') as is_local,
        coalesce(f[list_position(names, 'date')], f[list_position(names, 'date-local')]) || ' ' || coalesce(f[list_position(names, 'time')], f[list_position(names, 'time-local')]) as time_text,
        coalesce(f[list_position(names, 'cs-uri-stem')], f[list_position(names, 'cs-uri')]) as target,
        f[list_position(names, 'cs(User-Agent)')] as agent_text,
        f[list_position(names, 'cs(Cookie)')] as cookies
    from placed
),
timed as (
    select *, case when regexp_full_match(time_text, '[0-9]{4}-[0-9]{2}-[0-9]{2} [0-2][0-9]:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?') then try_strptime(time_text, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M:%S.%f']) end as at_time from part
)
select
    line_no,
    case when names is null then '#Fields' when len(f) <> len(names) then 'fields' when time_text is null or not list_has_all(names, ['cs-method', 'sc-status']) then '#Fields' end as problem_field,
    cast(len(f) as varchar) as problem_value,
    case
        when names is null then 'a line #Fields before it in its file'
        when len(f) <> len(names) then 'as many fields as the header has: ' || len(names)
        else 'a line #Fields with date, time, cs-method and sc-status'
    end as problem_expectation,
    time_text,
    case when not is_local then at_time end as occurred_at,
    case when is_local then at_time end as local_at,
    f[list_position(names, 'cs-method')] as method,
    target,
    f[list_position(names, 'sc-status')] as status,
    case when is_tabbed then replace(replace(agent_text, '%2520', ' '), '%20', ' ') else replace(agent_text, '+', ' ') end as agent,
    f[list_position(names, 'cs-username')] as login,
    case
        when getvariable('cookie_name') <> ''
            then split_part(list_filter(regexp_split_to_array(cookies, ';[+ ]?|;%20'), lambda x: starts_with(x, getvariable('cookie_name') || '='))[1], '=', 2)
    end as cookie,
    f[list_position(names, 'c-ip')] as ip,
    f[list_position(names, 'x-forwarded-for')] as forwarded
from timed
