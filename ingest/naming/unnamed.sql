-- unnamed: the codes that no pattern of their own names, taken apart. met: who met them; an event of nobody stands for
-- somebody of its own. An address has a path, whose segments are `parts`; of any other code `shape` is the whole pattern: words
-- that hold a long number, a token or what was taken out vary. Pages that fail are one step, wherever they stand.
create or replace temp table unnamed as
with apart as (
    select *, regexp_extract(code, '^(\S+) (/[^ ]*?)( -> \dxx| .*)?$', ['verb', 'path', 'rest']) as told
    from code_told
    where is_unnamed
)
select
    code_no, source_id, code, step, n_events, n_week, first_at, last_at, is_caught, told.verb <> '' and not starts_with(told.rest, ' -> ') as is_path,
    case
        when told.verb <> '' and starts_with(told.rest, ' -> ') then '*' || told.rest
        when told.verb <> '' then case when regexp_matches(told.verb, '[{}]') then '*' else told.verb end || ' '
        else array_to_string(list_transform(string_split(code, ' '), lambda word: array_to_string(list_transform(string_split(word, '/'), lambda w: case
            when regexp_full_match(w, '[0-9]{4,}') then '{number}'
            when regexp_matches(w, '[{}*]|[0-9]{4}') or (length(w) >= 16 and regexp_matches(w, '[0-9]')) then '{part}'
            else w
        end), '/')), ' ')
    end as shape,
    string_split(substr(told.path, 2), '/') as parts,
    case when told.verb <> '' and told.rest <> '' and not starts_with(told.rest, ' -> ') then '*' else '' end as ending
from apart;

create or replace temp table met as
select distinct u.code_no, coalesce(cast(e.customer_id as bigint), -cast(e.event_no as bigint)) as person
from event as e inner join unnamed as u on u.source_id = e.source_id and u.code = e.raw_code
