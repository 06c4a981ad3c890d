-- The sets of identifiers whose use is counted anew: of records that are new, told again, or come into the night (variables load_mark,
-- night_before); and such as no record of the night before had. What was counted of the others holds.
create or replace temp table asked_party as
select p.*
from party as p
where
    p.party_id in (
        select party_id from timed_event where load_no > getvariable('load_mark') or occurred_at >= getvariable('night_before')
        union all
        select r.party_id
        from raw_event as r
        where r.record_key in (select n.record_key from raw_event as n where n.load_no > getvariable('load_mark') and n.record_key is not null)
    )
    or p.party_id not in (select party_id from party_used);

create or replace temp view kept_use as
select u.* from party_used as u anti join asked_party using (party_id)
