-- Whose the records of a set of identifiers are, and what a code means: what changes here changes events of old.
create or replace temp table party_customer_now as
select p.party_id, p.from_at, p.until_at, k.customer_key, p.strength
from party_cluster as p inner join cluster_key as k using (cluster);

create or replace temp table code_meaning_now as
select c.code_id, c.step, c.product_id, c.order_id, c.call_id, min(k.customer_key) as order_key
from code_step as c
left join person as p on p.identifier_id = c.order_identifier
left join cluster_key as k on k.cluster = p.cluster
group by all
