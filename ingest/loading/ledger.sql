-- The ledger row of the file in hand; each kind of line is counted by itself, so that their sum can be wrong and be caught.
-- A CSV header counts as a blank line: it says nothing of a customer.
insert into ledger
select
    getvariable('file_id'), getvariable('source_id'), $path, $sha256, $n_bytes, $n_lines,
    (select count(*) from new_line anti join bad using (line_no)),
    (select count(*) from stage_line anti join new_line using (line_no) where not is_blank),
    (select count(*) from quarantine where file_id = getvariable('file_id')),
    (select count(*) from stage_line where is_blank) + $has_header,
    (select coalesce(sum(n_lines), 0) from dropped where file_id = getvariable('file_id')),
    $n_held_back,
    e.n, e.first_at, e.last_at, 'loaded', null, $size, $mtime,
    (
        select bit_xor(case k when 1 then cast(line_hash as uhugeint) else md5_number(line_hash || '|' || k) end)
        from new_line
    )
from (
    select count(*) as n, min(occurred_at) as first_at, max(occurred_at) as last_at
    from raw_event where file_id = getvariable('file_id')
) as e
