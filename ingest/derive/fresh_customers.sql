-- Customers of the events that are derived tonight.
create or replace temp table fresh_customer as
select
    s.customer_key,
    cast(case max(s.strength) when 3 then 'strong' when 2 then 'medium' when 1 then 'weak' else 'none' end as strength_t) as identity_strength,
    cast(count(*) as ubigint) as n_events,
    -- discovery or confirmation, drawn by the first event's moment and code: the same whatever the site's key is
    cast(md5_number_lower(concat_ws('|', 'draw', epoch_us(min(s.occurred_at)), arg_min(s.raw_code, row(s.occurred_at, s.source_rank, s.raw_code)))) % 10 as utinyint) as part
from settled as s
where s.customer_key is not null
group by s.customer_key
