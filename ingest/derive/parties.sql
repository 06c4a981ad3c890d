-- Which cluster a record's identifiers belong to and when, and how strong what ties it to a person is. A call's number ties its
-- lines together but is no person: it is as strong as what it is linked with. From `cluster_of` (identifier_id, from_at, until_at,
-- cluster, is_hub), whose spans cover all time: an identifier's first one has no `from_at`, its last one no `until_at`.
create or replace temp table person as
select
    c.*, i.kind,
    case i.kind
        when 'customer_no' then 3 when 'login' then 3 when 'email' then 3 when 'order_no' then 3 when 'reference' then 3 when 'phone' then 2 when 'cookie' then 1 else 0
    end as strength
from cluster_of as c inner join identifier as i using (identifier_id);

create or replace temp table call_strength as
with call_link as (
    select a as call_no, b as other from edge
    union all
    select b, a from edge
)
select c.identifier_id, max(p.strength) as strength
from call_link as l
inner join person as c on c.identifier_id = l.call_no and c.kind = 'call_no'
inner join person as p on p.identifier_id = l.other and p.cluster = c.cluster
group by c.identifier_id;

-- a record belongs to whom its most telling identifier that is no hub belongs to at the time: one row a span
create or replace temp table party_cluster as
with member as (
    select party_id, identifier_id, kind
    from party unpivot (identifier_id for kind in (customer_no, login, email, order_no, call_no, reference, phone, cookie))
),
telling as (
    select
        m.party_id,
        arg_min(m.identifier_id, list_position(['customer_no', 'login', 'email', 'order_no', 'call_no', 'reference', 'phone', 'cookie'], m.kind)) as identifier_id,
        max(greatest(p.strength, coalesce(s.strength, 0))) as strength
    from member as m
    inner join person as p on p.identifier_id = m.identifier_id and p.from_at is null and not p.is_hub
    left join call_strength as s on s.identifier_id = m.identifier_id
    group by m.party_id
)
select t.party_id, p.from_at, p.until_at, p.cluster, t.strength
from telling as t inner join person as p using (identifier_id);

-- a cluster's key is the pseudonym of its most telling identifier, so that it does not depend on numbers given while loading; where
-- that is a phone or cookie for a time only, with the start of that time, since its other times are somebody else's
create or replace temp table cluster_key as
with told as (
    select
        p.cluster, min({'place': 4 - p.strength, 'kind': p.kind, 'pseudonym': i.pseudonym, 'from_at': p.from_at}) as first,
        count(distinct p.identifier_id) as n_identifiers, max(p.strength) as strength
    from person as p inner join identifier as i using (identifier_id)
    where p.cluster is not null
    group by p.cluster
)
select
    cluster, left(md5(first.pseudonym || coalesce('|' || first.from_at, '')), 16) as customer_key, n_identifiers, strength
from told
