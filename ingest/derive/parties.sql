-- Which cluster of identifiers a record's identifiers belong to, and how strong what ties it to a person is. A call's number
-- ties its lines together but is no person: it is as strong as what it is linked with.
create or replace temp table person as
select n.identifier_id, n.kind, c.cluster, c.is_hub, case n.kind
    when 'customer_no' then 3 when 'login' then 3 when 'email' then 3 when 'order_no' then 3 when 'reference' then 3 when 'phone' then 2 when 'cookie' then 1 else 0
end as strength
from cluster_of as c inner join node as n on n.node = c.node;

create or replace temp table call_strength as
select call_node.identifier_id, max(p.strength) as strength
from edge as e
inner join node as call_node on call_node.kind = 'call_no' and call_node.node in (e.a, e.b)
inner join node as other on other.node = case when e.a = call_node.node then e.b else e.a end
inner join person as p on p.identifier_id = other.identifier_id
where not p.is_hub and p.cluster = (select q.cluster from person as q where q.identifier_id = call_node.identifier_id)
group by call_node.identifier_id;

create or replace temp table party_cluster as
with member as (
    select party_id, identifier_id, place
    from (
        select party_id, unnest([customer_no, login, email, order_no, call_no, reference, phone, cookie]) as identifier_id, generate_subscripts([1, 2, 3, 4, 5, 6, 7, 8], 1) as place
        from party
    )
    where identifier_id is not null
)
select
    m.party_id, cast(null as timestamp) as from_at, cast(null as timestamp) as until_at, arg_min(p.cluster, m.place) as cluster, max(greatest(p.strength, coalesce(s.strength, 0))) as strength
from member as m
inner join person as p using (identifier_id)
left join call_strength as s using (identifier_id)
where not p.is_hub
group by m.party_id;

-- a cluster's key is the pseudonym of its most telling identifier, so that it does not depend on numbers given while loading
create or replace temp table cluster_key as
select p.cluster, left(md5(arg_min(cast(i.pseudonym as varchar), row(4 - p.strength, p.kind, i.pseudonym))), 16) as customer_key, count(*) as n_identifiers, max(p.strength) as strength
from person as p inner join identifier as i using (identifier_id)
where p.cluster is not null
group by p.cluster
