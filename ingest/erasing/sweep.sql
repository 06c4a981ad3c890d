-- After deleting: sets of identifiers, identifiers and codes that nothing names any more; the ledger of the files concerned.
delete from party
where party_id in (select party_id from gone_party)
    and party_id not in (select party_id from raw_event where party_id is not null) and party_id not in (select party_id from link);

delete from identifier
where identifier_id not in (
    select identifier_id
    from party unpivot (identifier_id for kind in (customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor))
);

delete from code where code_id not in (select code_id from raw_event);

update dropped_now set n_lines = dropped_now.n_lines + d.n_lines
from dropped as d where d.file_id = dropped_now.file_id and d.reason = dropped_now.reason;

create or replace temp table dropped_before as select file_id, reason, n_lines from dropped semi join dropped_now using (file_id, reason);
delete from dropped where (file_id, reason) in (select file_id, reason from dropped_now);
insert into dropped select file_id, reason, n_lines from dropped_now;

update ledger set
    n_accepted = n_accepted + d.n_broken, n_quarantined = n_quarantined - d.n_broken,
    n_dropped = n_dropped + d.n_lines - d.n_before
from (
    select n.file_id, n.n_lines, n.n_broken, coalesce(b.n_lines, 0) as n_before
    from dropped_now as n left join dropped_before as b using (file_id, reason)
) as d
where d.file_id = ledger.file_id;

update ledger set n_raw_events = e.n, first_at = e.first_at, last_at = e.last_at
from (
    select l.file_id, count(r.file_id) as n, min(r.occurred_at) as first_at, max(r.occurred_at) as last_at
    from ledger as l left join raw_event as r using (file_id)
    where l.status = 'loaded'
    group by l.file_id
) as e
where e.file_id = ledger.file_id and (e.n <> ledger.n_raw_events)
