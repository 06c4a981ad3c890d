-- Lines of the block that the adapter found a fault in.
insert into stage_bad
select a.line_no, b.byte_offset, min(a.problem_field), min(a.problem_value), min(a.problem_expectation), any_value(encode(b.raw))
from stage as a inner join block as b using (line_no)
where a.problem_field is not null
group by a.line_no, b.byte_offset;

-- Events without a time, or outside of what any log of a living company can hold: year 0026 or 9999 would bend every window.
insert into stage_bad
select a.line_no, b.byte_offset, 'time', cast(min(coalesce(a.occurred_at, a.local_at)) as varchar), 'a time between 1995 and 2100', any_value(encode(b.raw))
from stage as a inner join block as b using (line_no)
where
    a.problem_field is null and a.drop_reason is null and a.code is not null
    and coalesce(coalesce(a.occurred_at, a.local_at) not between timestamp '1995-01-01' and timestamp '2100-01-01', true)
group by a.line_no, b.byte_offset;
