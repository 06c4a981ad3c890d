-- The identifier graph: edges from the strongest identifier of each record to its others. `party_use` tells when a set of identifiers
-- was seen: a dealing (an order, a call) once, from its first record to its last; a phone or cookie beside a person again each hour,
-- so that what they shared and when can be told; records of one such stretch are one use.
create or replace temp table party_use as
with recurring as (
    select party_id from asked_party
    where order_no is null and call_no is null and coalesce(phone, cookie) is not null and coalesce(customer_no, login, email, reference, if(cookie is null, null, phone)) is not null
)
select l.party_id, min(l.occurred_at) as first_at, max(l.occurred_at) as last_at
from live as l semi join asked_party using (party_id) left join recurring as r on r.party_id = l.party_id
group by l.party_id, case when r.party_id is not null then time_bucket(interval 1 hour, l.occurred_at) end
union all
-- records that only link identifiers, such as a table of customers: not dated
select party_id, null, null from asked_party as p anti join raw_event as r on r.party_id = p.party_id
union all
from kept_use;

-- one row per pair; per pair and hour where one of the two is a phone or cookie (places 7 and 8)
create or replace temp table edge as
with star as (
    select p.* exclude (visitor), u.first_at, u.last_at,
        coalesce(p.customer_no, p.login, p.email, p.order_no, p.call_no, p.reference, p.phone, p.cookie) as hub,
        coalesce(p.customer_no, p.login, p.email, p.order_no, p.call_no, p.reference) is null as is_loose
    from party as p inner join party_use as u using (party_id)
),
spoke as (
    select hub, identifier_id as member, is_loose or kind in ('phone', 'cookie') as is_loose, first_at, last_at
    from (select * exclude (party_id) from star) unpivot (identifier_id for kind in (customer_no, login, email, order_no, call_no, reference, phone, cookie))
    where identifier_id <> hub
    union all
    -- a page that names an order links who looks at it with that order
    select s.hub, l.identifier_id, s.is_loose, l.first_at, l.last_at
    from (
        select l.party_id, c.order_identifier as identifier_id, min(l.occurred_at) as first_at, max(l.occurred_at) as last_at
        from live as l inner join code_step as c using (code_id)
        where c.order_identifier is not null
        group by l.party_id, c.order_identifier, time_bucket(interval 1 hour, l.occurred_at)
    ) as l
    inner join (select distinct party_id, hub, is_loose from star where hub is not null) as s using (party_id)
    where s.hub <> l.identifier_id
)
select hub as a, member as b, cast(count(*) as integer) as n_records, min(first_at) as first_at, max(last_at) as last_at
from spoke
group by hub, member, case when is_loose then time_bucket(interval 1 hour, first_at) end;

-- the first use of each cookie
create or replace temp table cookie_use as
select p.cookie as identifier_id, min(u.first_at) as used_at
from party_use as u inner join party as p using (party_id)
where p.cookie is not null
group by p.cookie
