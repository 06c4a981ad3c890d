-- The accounting identity of the file in hand: lines, lines accounted for, and lines that the adapter gave no answer to.
select
    l.n_lines,
    l.n_accepted + l.n_duplicate + l.n_quarantined + l.n_blank,
    (
        select count(*) from stage_line as s
        where not s.is_blank and s.line_no not in (select line_no from stage) and s.line_no not in (select line_no from stage_bad)
            and s.line_no not in (select line_no from stage_drop)
    )
from ledger as l
where l.file_id = getvariable('file_id')
