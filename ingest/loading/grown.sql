-- File `file_id` is file `into_id` with more lines at its end: one row of the ledger for both, under the older number, so that
-- only the new lines change hands. The older lines came as duplicates of themselves and are not counted as such.
update raw_event set file_id = getvariable('into_id') where file_id = getvariable('file_id');
update quarantine set file_id = getvariable('into_id') where file_id = getvariable('file_id');

create or replace temp table grown as
select
    n.* replace (
        getvariable('into_id') as file_id,
        n.n_accepted + o.n_accepted as n_accepted,
        n.n_quarantined + o.n_quarantined as n_quarantined,
        n.n_duplicate + o.n_duplicate - (o.n_lines - o.n_blank) as n_duplicate,
        n.n_dropped + o.n_dropped as n_dropped,
        n.n_raw_events + o.n_raw_events as n_raw_events,
        least(n.first_at, o.first_at) as first_at,
        greatest(n.last_at, o.last_at) as last_at,
        xor(n.lines_xor, o.lines_xor) as lines_xor
    )
from ledger as n cross join ledger as o
where n.file_id = getvariable('file_id') and o.file_id = getvariable('into_id');

delete from ledger where file_id in (getvariable('file_id'), getvariable('into_id'));

insert into ledger select * from grown;

set variable file_id = getvariable('into_id')
