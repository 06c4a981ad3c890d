-- What each code means tonight. `unnamed` (code_id, step) = the codes that nobody declared, under the name they go by.
create or replace temp table code_step as
select
    m.code_id, c.code, coalesce(m.step, u.step) as step, m.product_id, m.order_id, m.call_id, i.identifier_id as order_identifier
from code_match as m
inner join code as c using (code_id)
left join unnamed as u using (code_id)
left join identifier as i on i.kind = 'order_no' and i.pseudonym = m.order_pseudonym
