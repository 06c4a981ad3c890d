-- What the loader made of a replay (file `file_id`) belongs to the file that the lines came from (`into_id`).
update raw_event set file_id = getvariable('into_id'), line_no = r.line_no
from replay as r
where raw_event.file_id = getvariable('file_id') and raw_event.line_no = r.replay_no;

update quarantine set file_id = getvariable('into_id'), line_no = r.line_no, byte_offset = r.byte_offset
from replay as r
where quarantine.file_id = getvariable('file_id') and quarantine.line_no = r.replay_no;

update ledger set
    n_accepted = ledger.n_accepted + r.n_accepted,
    n_quarantined = (select count(*) from quarantine where file_id = getvariable('into_id')),
    n_dropped = (select coalesce(sum(n_lines), 0) from dropped_now),
    n_raw_events = e.n, first_at = e.first_at, last_at = e.last_at
from
    (select n_accepted from ledger where file_id = getvariable('file_id')) as r,
    (
        select count(*) as n, min(occurred_at) as first_at, max(occurred_at) as last_at
        from raw_event where file_id = getvariable('into_id')
    ) as e
where ledger.file_id = getvariable('into_id');

delete from ledger where file_id = getvariable('file_id');
set variable file_id = getvariable('into_id')
