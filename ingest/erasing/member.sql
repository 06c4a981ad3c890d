-- Which identifiers stand together, and whose events carry each of them. A person's own identifiers are those that no other
-- customer's events carry: a household's phone, a switchboard or a shop's tablet belongs to nobody alone.
create or replace temp table member as
select party_id, kind, identifier_id
from party
unpivot (identifier_id for kind in (customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor));

create or replace temp table carried as
select distinct m.identifier_id, u.customer_id
from (
    select distinct r.party_id, e.customer_id
    from event as e inner join raw_event as r using (event_id)
    where e.customer_id is not null and r.party_id is not null
) as u
inner join member as m using (party_id);

create or replace temp table own (identifier_id uinteger);
