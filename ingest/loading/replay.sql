-- The quarantined lines of file `into_id` as if they were delivered now; their identities are free again, so that the
-- loader takes them as new. A line that is no text keeps its place: no rule can read it.
-- Of equal lines some may have been accepted under an earlier rule: they come along just before the next copy, so that each
-- copy gets its number among equal lines back, and count as duplicates. The order of lines stays, for rules that look at it.
create or replace temp table replay as
with bad as (
    select line_no, byte_offset, line_hash, k, decode(raw) as text
    from quarantine
    where file_id = getvariable('into_id') and field <> 'encoding'
),
copy as (
    select line_hash, min(text) as text, cast(unnest(range(1, max(k) + 1)) as uinteger) as k from bad group by line_hash
)
select cast(row_number() over (order by place, line_hash, k) as uinteger) as replay_no, * exclude (place)
from (
    select
        c.line_hash, c.k, c.text, b.line_no, b.byte_offset,
        min(b.line_no) over (partition by c.line_hash order by c.k rows between current row and unbounded following) as place
    from copy as c left join bad as b on b.line_hash = c.line_hash and b.k = c.k
);

delete from line_seen
where
    source_id = getvariable('source_id')
    and (line_hash, k) in (select (line_hash, k) from replay where line_no is not null);

delete from quarantine where file_id = getvariable('into_id') and field <> 'encoding';
