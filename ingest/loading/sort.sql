-- Sort out the answers to one block: lines with a fault, lines that are not wanted, rows to keep.
insert into stage_bad
select a.line_no, b.byte_offset, min(a.problem_field), min(a.problem_value), min(a.problem_expectation), any_value(encode(b.raw))
from answer as a inner join block as b using (line_no)
where a.problem_field is not null
group by a.line_no, b.byte_offset;

-- Events without a time, or outside of what any log of a living company can hold: year 0026 or 9999 would bend every window.
insert into stage_bad
select
    a.line_no, b.byte_offset, 'time', cast(min(coalesce(a.occurred_at, a.local_at)) as varchar), 'a time between 1995 and 2100',
    any_value(encode(b.raw))
from answer as a inner join block as b using (line_no)
where
    a.problem_field is null and a.drop_reason is null and a.code is not null
    and coalesce(coalesce(a.occurred_at, a.local_at) not between timestamp '1995-01-01' and timestamp '2100-01-01', true)
group by a.line_no, b.byte_offset;

insert into stage_drop
select distinct line_no, coalesce(drop_reason, 'robot')
from answer
where problem_field is null and (drop_reason is not null or agent in (select agent from robot));

insert into stage
from answer
anti join stage_bad using (line_no)
anti join robot using (agent)
where drop_reason is null;
