-- Stored by journey and time; `pos` counts the stored rows from 1, which everything that leans on adjacency checks. A customer's
-- rows lie together, so that where they begin and a row's place among them tell its position.
create or replace temp table step_begin as
select customer_id, coalesce(sum(n) over (order by customer_id rows between unbounded preceding and 1 preceding), 0) as n_before
from (select customer_id, count(*) as n from all_journey_event group by customer_id);

create table journey_event as
select cast(b.n_before + e.place as uinteger) as pos, e.* exclude (place)
from all_journey_event as e inner join step_begin as b using (customer_id)
order by pos
