-- After the adapter answered a block: the lines with a fault that it found; and events without a time, or outside of what any
-- log of a living company can hold: year 0026 or 9999 would bend every window. They are few: they are put aside before the
-- block is searched for their bytes.
create or replace temp table wrong as
select line_no, min(problem_field) as field, min(problem_value) as value, min(problem_expectation) as expectation
from stage
where line_no >= getvariable('first_line_no') and problem_field is not null
group by line_no
union all
select line_no, 'time', cast(min(coalesce(occurred_at, local_at)) as varchar), 'a time between 1995 and 2100'
from stage
where
    line_no >= getvariable('first_line_no') and problem_field is null and drop_reason is null and code is not null
    and coalesce(coalesce(occurred_at, local_at) not between timestamp '1995-01-01' and timestamp '2100-01-01', true)
group by line_no;

insert into stage_bad
select w.line_no, b.byte_offset, w.field, w.value, w.expectation, encode(b.raw)
from wrong as w inner join block as b using (line_no)
