-- The lines about the subject: their events' lines (with earlier states of the same record), lines that carry an identifier of
-- their own, lines that only link those, and pages that name one of their orders. `own_code` (code_id) is there already.
create or replace temp table own_line as
with own_party as (select distinct party_id from member semi join own using (identifier_id))
select distinct source_id, file_id, line_no, record_hash as line_hash
from raw_event
where
    event_id in (select event_id from event where customer_id = getvariable('subject_customer'))
    or party_id in (select party_id from own_party)
    or code_id in (select code_id from own_code)
union
select source_id, file_id, line_no, line_hash from link where party_id in (select party_id from own_party)
