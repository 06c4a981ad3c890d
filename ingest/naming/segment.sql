-- One more segment of each path, at place `depth`, put to the shape before it. Of addresses alike so far a segment stays as it
-- stands when it is a word that `least` people met and few others stand there, or when it holds a twentieth of the events there;
-- else it varies. Counted are sets, so no order of addresses matters.
create or replace temp table unnamed as
with here as (
    select
        code_no, source_id, shape, n_events, parts[$depth] as segment,
        regexp_full_match(parts[$depth], '[^0-9{}*%@]{1,30}|\p{L}{1,12}[0-9]{1,2}') as is_word
    from unnamed
    where is_path and len(parts) >= $depth
),
support as (
    select h.source_id, h.shape, h.segment, count(distinct m.person) as n_people
    from here as h inner join met as m using (code_no)
    where h.is_word
    group by all
),
value as (
    select h.source_id, h.shape, h.segment, any_value(s.n_people) >= $least as is_met, sum(h.n_events) as n_events
    from here as h
    left join support as s on s.source_id = h.source_id and s.shape = h.shape and s.segment = h.segment
    group by all
),
place as (
    select
        source_id, shape, count(*) filter (where is_met) as n_words, sum(n_events) as n_events,
        count(*) filter (where not coalesce(is_met, false) and segment <> '') as n_others,
        count(*) filter (where not coalesce(is_met, false) and regexp_full_match(segment, '[0-9]+')) as n_numbers
    from value
    group by source_id, shape
),
told as (
    select
        v.source_id, v.shape, v.segment,
        case
            when v.segment = '' then ''
            when v.is_met and (p.n_words <= $most or 20 * v.n_events >= p.n_events) then v.segment
            when regexp_matches(v.shape, '(?i)/(product|item|dp|p|sku|artikel|produto)s?$') then '{product}'
            when regexp_full_match(v.segment, '[0-9]+') and 10 * p.n_numbers >= 9 * p.n_others then '{number}'
            else '{part}'
        end as put
    from value as v
    inner join place as p on p.source_id = v.source_id and p.shape = v.shape
)
select
    u.* replace (
        case when t.put is null then u.shape else u.shape || '/' || t.put || case when $depth = $deepest and len(u.parts) > $depth then '/*' else '' end end as shape
    )
from unnamed as u
left join told as t on u.is_path and t.source_id = u.source_id and t.shape = u.shape and t.segment = u.parts[$depth]
