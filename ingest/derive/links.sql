-- The identifier graph: nodes in an order that does not depend on when files came, edges from the strongest identifier of each
-- record to its others, with the number of records behind each.
create or replace temp table node as
select identifier_id, kind, cast(row_number() over (order by kind, pseudonym) - 1 as bigint) as node
from identifier
where kind <> 'visitor';

create or replace temp table party_use as
select party_id, count(*) as n_records from live where party_id is not null group by party_id
union all
-- records that only link identifiers, such as a table of customers
select p.party_id, 1 from party as p where p.party_id not in (select party_id from raw_event where party_id is not null);

create or replace temp table edge as
with star as (
    select p.party_id, u.n_records, coalesce(p.customer_no, p.login, p.email, p.order_no, p.call_no, p.reference, p.phone, p.cookie) as hub,
        [p.customer_no, p.login, p.email, p.order_no, p.call_no, p.reference, p.phone, p.cookie] as members
    from party as p inner join party_use as u using (party_id)
),
spoke as (
    select hub, unnest(members) as member, n_records from star where hub is not null
    union all
    -- a page that names an order links who looks at it with that order
    select s.hub, o.identifier_id, l.n_records
    from (
        select l.party_id, c.order_identifier as identifier_id, count(*) as n_records
        from live as l inner join code_step as c using (code_id)
        where c.order_identifier is not null
        group by all
    ) as l
    inner join star as s using (party_id)
    inner join identifier as o on o.identifier_id = l.identifier_id
)
select a.node as a, b.node as b, sum(s.n_records) as n_records
from spoke as s
inner join node as a on a.identifier_id = s.hub
inner join node as b on b.identifier_id = s.member
where s.member <> s.hub
group by a.node, b.node
order by a.node, b.node
