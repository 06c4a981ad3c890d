-- The ledger row of the file in hand. A CSV header counts as a blank line: it says nothing of a customer.
insert into ledger
select
    getvariable('file_id'), getvariable('source_id'), $path, $sha256, $n_bytes,
    l.n_lines + $has_header,
    (select count(*) from new_line) - q.n_quarantined,
    l.n_text - (select count(*) from new_line),
    q.n_quarantined,
    l.n_lines - l.n_text + $has_header,
    (select coalesce(sum(d.n_lines), 0) from dropped as d where d.file_id = getvariable('file_id')),
    $n_held_back,
    e.n, e.first_at, e.last_at, 'loaded', null, $size, $mtime
from
    (select count(*) as n_lines, count(*) filter (where not is_blank) as n_text from stage_line) as l,
    (select count(*) as n_quarantined from quarantine where file_id = getvariable('file_id')) as q,
    (select count(*) as n, min(occurred_at) as first_at, max(occurred_at) as last_at from raw_event where file_id = getvariable('file_id')) as e
