-- proposed_pattern: one row per pattern that would name codes without a step of their own, what most customers met first; those that
-- stand for fewer than `least` people, or for anything at all, are told by number only: one row a source without a pattern.
create or replace temp table shaped as
with whole as (
    select *, shape || ending as pattern, split_part(shape, ' ', 1) as word from unnamed
),
varied as (
    select source_id, word, count(distinct pattern) as n from whole where not is_path group by source_id, word
),
many as (
    select source_id from varied group by source_id having sum(n) > 200
)
select
    w.* replace (
        case when not w.is_path and v.n > 12 and m.source_id is not null then w.word || '*' else w.pattern end as pattern
    )
from whole as w
left join varied as v on not w.is_path and v.source_id = w.source_id and v.word = w.word
left join many as m on m.source_id = w.source_id;

create or replace temp table proposed as
with met_by as (
    select s.source_id, s.pattern, count(distinct m.person) as n_people, count(distinct m.person) filter (where m.person >= 0) as n_customers
    from shaped as s inner join met as m using (code_no)
    group by s.source_id, s.pattern
),
counted as (
    select
        source_id, pattern, count(*) as n_codes, sum(n_events) as n_events, sum(n_week) as n_week, min(first_at) as first_at,
        max(last_at) as last_at, coalesce(sum(n_events) filter (where is_caught), 0) as n_caught, max(step) as caught_by, bool_and(is_path) as is_path
    from shaped
    group by source_id, pattern
)
select
    c.*, m.n_customers,
    -- a pattern without any word of its own takes whatever has that many parts: only for a whole family of codes
    m.n_people >= getvariable('naming_least') and (
        regexp_matches(regexp_replace(c.pattern, '^\S+ /|\{\w+\}|\*', '', 'g'), '[^\s/]')
        or (not c.is_path and regexp_matches(regexp_replace(c.pattern, '\{\w+\}|\*', '', 'g'), '[^\s]'))
        or (c.is_path and (c.n_codes >= 20 or regexp_full_match(c.pattern, '\S+ /+')))
    ) as is_told
from counted as c inner join met_by as m on m.source_id = c.source_id and m.pattern = c.pattern;

create or replace temp table listed as
select row_number() over (order by p.n_customers desc, p.n_events desc, s.rank, s.name, p.pattern) as rank_no, p.*
from proposed as p inner join source as s using (source_id)
where p.is_told
order by rank_no limit getvariable('naming_most_told');

-- up to three codes of each, most frequent first: as they stand where `least` people met them and no long number is in them, else
-- their shape, letters as xxx and digits as 999, in what varies
create or replace temp table example as
with person as (
    select m.code_no, count(*) as n_people from met as m semi join (select s.code_no from shaped as s semi join listed as l using (source_id, pattern)) using (code_no)
    group by m.code_no
),
seen as (
    select
        l.rank_no, s.n_events, s.code, p.n_people >= getvariable('naming_least') and not regexp_matches(s.code, '[{}@]|[0-9]{4}|\S{40}') as is_plain,
        s.is_path, string_split(s.code, case when s.is_path then '/' else ' ' end) as told,
        string_split(s.pattern, case when s.is_path then '/' else ' ' end) as shape
    from shaped as s
    inner join listed as l using (source_id, pattern)
    inner join person as p using (code_no)
    where l.n_codes > 1
),
masked as (
    select
        *, list_transform(list_zip(told, shape), lambda x: case
            when regexp_matches(coalesce(x[2], '*'), '[{*]') then left(regexp_replace(regexp_replace(x[1], '\p{L}+', 'xxx', 'g'), '\p{N}+', '999', 'g'), 12)
            else x[1]
        end) as parts
    from seen
),
shown as (
    select
        rank_no, n_events,
        case when is_plain then code when is_path then array_to_string(parts, '/') else array_to_string(parts, ' ') end as text
    from masked
),
numbered as (
    select
        rank_no, text, row_number() over (partition by rank_no order by sum(n_events) desc, text) as place
    from shown
    group by rank_no, text
)
select rank_no, list(text order by place) as examples from numbered where place <= 3 group by rank_no;

-- the named steps that customers take before and after, within an hour; of those whom at least a fifth of its customers take
create or replace temp table neighbour as
with theirs as (
    select e.event_no, e.customer_id, e.occurred_at, e.step, e.visible, t.is_unnamed, l.rank_no
    from event as e
    inner join code_told as t on t.source_id = e.source_id and t.code = e.raw_code
    left join shaped as s using (code_no)
    left join listed as l on l.source_id = s.source_id and l.pattern = s.pattern and l.rank_no <= getvariable('naming_most_neighbours')
    where e.customer_id in (
        select met.person from met inner join shaped using (code_no)
        inner join listed using (source_id, pattern)
        where listed.rank_no <= getvariable('naming_most_neighbours')
    )
),
marked as (
    select *, case when visible and not is_unnamed then {'step': cast(step as varchar), 'at': occurred_at} end as here from theirs
),
beside as (
    select
        rank_no, customer_id, occurred_at,
        last_value(here ignore nulls) over (partition by customer_id order by event_no rows between unbounded preceding and 1 preceding) as step_prior,
        first_value(here ignore nulls) over (partition by customer_id order by event_no rows between 1 following and unbounded following) as step_later
    from marked
),
told as (
    select rank_no, customer_id, 'before' as side, step_prior.step as step, date_diff('second', step_prior.at, occurred_at) as apart_s
    from beside
    union all
    select rank_no, customer_id, 'after' as side, step_later.step as step, date_diff('second', occurred_at, step_later.at) as apart_s
    from beside
),
counted as (
    select rank_no, side, step, count(distinct customer_id) as n
    from told
    where rank_no is not null and apart_s <= 3600
    group by rank_no, side, step
)
select c.rank_no, c.side, arg_max(c.step, {'n': c.n, 'step': c.step}) as step, max(c.n) as n
from counted as c inner join listed as l using (rank_no)
where c.n >= getvariable('naming_least') and 5 * c.n >= l.n_customers
group by c.rank_no, c.side;

create or replace table proposed_pattern as
select
    cast(l.rank_no as uinteger) as rank_no, l.source_id, l.pattern, cast(l.n_codes as ubigint) as n_codes, cast(l.n_events as ubigint) as n_events,
    cast(l.n_week as ubigint) as n_week, cast(l.n_customers as ubigint) as n_customers, cast(l.n_caught as ubigint) as n_caught,
    case when l.n_caught > 0 then l.caught_by end as caught_by, l.first_at, l.last_at, coalesce(x.examples, []) as examples,
    b.step as step_before, cast(b.n as ubigint) as n_before, a.step as step_after, cast(a.n as ubigint) as n_after
from listed as l
left join example as x using (rank_no)
left join neighbour as b on b.rank_no = l.rank_no and b.side = 'before'
left join neighbour as a on a.rank_no = l.rank_no and a.side = 'after'
union all
select
    null, source_id, null, cast(sum(n_codes) as ubigint), cast(sum(n_events) as ubigint), cast(sum(n_week) as ubigint), null,
    cast(sum(n_caught) as ubigint), null, null, null, [], null, null, null, null
from proposed as p anti join listed as l using (source_id, pattern)
group by source_id
order by rank_no nulls last, source_id
