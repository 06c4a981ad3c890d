-- Lines of the file that are neither blank nor known from before nor answered by the adapter: there must be none.
select count(*)
from stage_line
where
    not is_blank
    and unwanted is null
    and line_no not in (select line_no from stage)
    and line_no not in (select line_no from stage_bad)
    and line_no not in (select line_no from stage_known)
