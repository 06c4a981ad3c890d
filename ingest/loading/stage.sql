-- Temporary tables of one file while it is loaded, and the functions adapters share.
-- stage: what an adapter says of each line; several rows of one line are its several events (`part`). Only rows that are wanted
-- stay in it in the end. party_key names the set of identifiers of a row.
create or replace temp table stage (
    line_no uinteger, part usmallint, problem_field varchar, problem_value varchar, problem_expectation varchar, drop_reason varchar,
    occurred_at timestamp, ended_at timestamp, local_at timestamp, local_ended_at timestamp, lasts_ms bigint, time_rule varchar,
    code varchar, part_key varchar, record_key varchar, record_version bigint,
    customer_no varchar, login varchar, email varchar, order_no varchar, call_no varchar, reference varchar, phone varchar, cookie varchar, visitor varchar,
    agent varchar, party_key uhugeint, product_id varchar, products varchar [], intent varchar, wait_ms bigint, handle_ms bigint, attributes json
);
create or replace temp table robot (agent varchar);
-- every line with its identity; `unwanted` is why a look at it was enough to drop it
create or replace temp table stage_line (line_no uinteger, line_hash uuid, is_blank boolean, unwanted varchar);
-- lines that were read from this very file when it was shorter
create or replace temp table stage_known (line_no uinteger);
-- lines that say how those after them are to be read (`is_directive` of the adapter)
create or replace temp table directive (line_no uinteger, raw varchar);
create or replace temp table stage_bad (line_no uinteger, byte_offset ubigint, field varchar, value varchar, expectation varchar, raw blob);

-- Whether a text is an offset from UTC that a zone can have: -12:00 to +14:00, with or without colon or minutes, or Z. DuckDB
-- reads +9900 as well, four days off.
create or replace temp macro is_offset(t) as regexp_full_match(t, 'Z|[+](0[0-9]|1[0-3])(:?[0-5][0-9])?|[+]14(:?00)?|-(0[0-9]|1[01])(:?[0-5][0-9])?|-12(:?00)?');

-- An ISO 8601 moment; NULL without an hour or an offset, which DuckDB would read as UTC midnight without a word, with an offset
-- that no zone has, and for 24:00.
create or replace temp macro iso_moment(t) as case
    when is_offset(regexp_extract(t, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-9]{2}[0-9:.,]*(Z|[+-][0-9:]+)$', 1)) then try_cast(t as timestamptz)
end;

-- Milliseconds of a number of seconds as logs write it: digits and perhaps a fraction. NULL for all else that a cast would take or
-- round: a sign, 1e3, 0x10, 1_000. (DuckDB may try the cast before it looks at the condition.)
create or replace temp macro seconds_as_ms(t) as case
    when regexp_full_match(t, '[0-9]{1,8}([.][0-9]{1,9})?') then try_cast(1000 * try_cast(t as decimal(15, 6)) as bigint)
end;

-- A moment told as seconds since 1970, with or without a fraction; NULL for any other text.
create or replace temp macro epoch_moment(t) as case
    when regexp_full_match(t, '[0-9]{9,10}([.][0-9]{1,9})?') then make_timestamp(try_cast(try_cast(t as decimal(30, 6)) * 1000000 as bigint))
end;

-- A number without the .0 that exports through floating point add to it; any other text as it is.
create or replace temp macro whole(t) as regexp_replace(t, '^([0-9]+)[.]0$', '\1');

-- Whether a moment lies in a stretch of time; NULL for no moment.
create or replace temp macro is_plausible(moment, begins, ends) as moment >= begins and moment < ends;

-- Fields of a CSV record: NULL when its quotes do not pair. Without a quote a plain split does.
create or replace temp macro csv_fields(record) as case
    when not contains(record, '"') then string_split(record, ',')
    when list_sum(list_transform(regexp_extract_all(record || ',', '((?:"(?:[^"]|"")*"|[^",]*)),', 1), lambda t: length(t) + 1)) <> length(record) + 1 then null
    else list_transform(
        regexp_extract_all(record || ',', '((?:"(?:[^"]|"")*"|[^",]*)),', 1),
        lambda t: case when starts_with(t, '"') then replace(t[2:-2], '""', '"') else t end
    )
end;


-- A moment as systems of today write it: ISO 8601 with an offset, RFC 2822 (Tue, 31 Aug 2010 20:36:28 +0000), or with UTC after it.
create or replace temp macro any_moment(t) as coalesce(
    iso_moment(t),
    case
        when regexp_matches(t, '^[A-Z][a-z]{2}, [0-9]') and is_offset(regexp_extract(t, ' ([+-][0-9]{4})$', 1))
            then try_strptime(t, '%a, %d %b %Y %H:%M:%S %z')
        when ends_with(t, ' UTC') then iso_moment(replace(t, ' UTC', 'Z'))
    end
);

-- A moment of a record's life, with its times as they are told (adapters/shared/record.sql); none where `told` is NULL.
create or replace temp macro moment(code, told, part_key, part, told_until := null, wait_ms := null, handle_ms := null, intent := null, product_id := null) as struct_pack(
    code := code, told := cast(told as varchar), told_until := cast(told_until as varchar), part_key := part_key, part := cast(part as usmallint),
    wait_ms := cast(wait_ms as bigint), handle_ms := cast(handle_ms as bigint), intent := cast(intent as varchar),
    product_id := cast(product_id as varchar)
);

-- Milliseconds from one moment to a later one; NULL for none, or for one that comes before.
create or replace temp macro ms_between(since, until) as case
    when any_moment(until) >= any_moment(since) then date_diff('millisecond', any_moment(since), any_moment(until))
end;

-- The first of `names` under which a JSON object holds something else than it should: what is an object or a list where a text or a
-- number is expected, and what is no list, or no object. Read on, it would be lost without a word.
create or replace temp macro first_of(names, kinds, bad) as list_filter(list_zip(names, kinds), lambda x: list_contains(bad, x[2]))[1][1];
create or replace temp macro no_text(o, paths) as ltrim(first_of(paths, json_type(o, paths), ['ARRAY', 'OBJECT']), '$.');
create or replace temp macro no_list(o, paths) as ltrim(first_of(paths, json_type(o, paths), ['OBJECT', 'VARCHAR', 'BIGINT', 'UBIGINT', 'DOUBLE', 'BOOLEAN']), '$.');
create or replace temp macro no_object(o, paths) as ltrim(first_of(paths, json_type(o, paths), ['ARRAY', 'VARCHAR', 'BIGINT', 'UBIGINT', 'DOUBLE', 'BOOLEAN']), '$.');

-- Whether a path is of a picture, a script, a font or the like, and no page.
create or replace temp macro is_static(path) as
    lower(regexp_extract(path, '\.([A-Za-z0-9]{1,5})$', 1)) in ('css', 'js', 'mjs', 'map', 'png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'avif', 'ico', 'woff', 'woff2', 'ttf', 'otf', 'eot', 'mp4', 'webm')
    or path in ('/robots.txt', '/sitemap.xml');


-- The path of a page's address, without host, query and fragment; NULL for no address.
create or replace temp macro page_path(address) as case
    when address <> '' then coalesce(nullif(regexp_replace(split_part(split_part(address, '?', 1), '#', 1), '^[a-z]+://[^/]*', ''), ''), '/')
end;

-- A text of canonical XML as it was meant.
create or replace temp macro xml_text(t) as
    replace(replace(replace(replace(replace(replace(replace(t, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#xD;', chr(13)), '&#xA;', chr(10)), '&#x9;', chr(9)), '&amp;', '&');

-- A moment that its field's name says to be of Greenwich, with the Z that it lacks; any other text as it is.
create or replace temp macro gmt_moment(t) as case when regexp_full_match(t, '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}') then t || 'Z' else t end;
