-- One row per source: the shares of its events that carry a call's and an order's number.
select s.name as source, avg(cast(r.call_id is not null as int)) as calls, avg(cast(r.order_id is not null as int)) as orders
from raw_event as r
inner join source as s using (source_id)
group by s.name
order by s.name
