-- After the adapter answered a block: the lines with a fault that it found; and events without a time, or that begin or end
-- outside of the days in which the source can speak: year 0026 or 9999 would bend every window. They are few: they are put aside
-- before the block is searched for their bytes.
create or replace temp table wrong as
select line_no, min(problem_field) as field, min(problem_value) as value, min(problem_expectation) as expectation
from stage
where line_no >= getvariable('first_line_no') and problem_field is not null
group by line_no
union all
select line_no, 'time', cast(min(case when begins_well then coalesce(ended_at, local_ended_at) else coalesce(occurred_at, local_at) end) as varchar), getvariable('plausible_days')
from (
    select
        *,
        coalesce(is_plausible(occurred_at, getvariable('plausible_from'), getvariable('plausible_until')), is_plausible(local_at, getvariable('plausible_from_local'), getvariable('plausible_until_local')), false) as begins_well,
        coalesce(is_plausible(ended_at, getvariable('plausible_from'), getvariable('plausible_until')), is_plausible(local_ended_at, getvariable('plausible_from_local'), getvariable('plausible_until_local')), true) as ends_well
    from stage
    where line_no >= getvariable('first_line_no') and problem_field is null and drop_reason is null and code is not null
)
where not (begins_well and ends_well)
group by line_no;

insert into stage_bad
select w.line_no, b.byte_offset, w.field, w.value, w.expectation, encode(b.raw)
from wrong as w inner join block as b using (line_no)
