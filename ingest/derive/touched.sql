-- a new page may join or part the visits of its browser
insert into changed
with browser as (
    select distinct coalesce(p.cookie, p.visitor) as browser
    from party as p semi join (select party_id from changed where is_new) as c using (party_id)
    where coalesce(p.cookie, p.visitor) is not null
)
select l.event_id, l.party_id, l.code_id, l.call_id, false
from live as l
where l.party_id in (select p.party_id from party as p semi join browser as b on b.browser = coalesce(p.cookie, p.visitor));

-- the customers of then whom that touches; the rest of their events and whatever shares a visit or call with them is derived anew
create or replace temp table touched (customer_id uinteger);

insert into touched
select customer_id
from event_before
where customer_id is not null and event_id in (select event_id from changed union all from told_again)
union
select customer_id
from customer_before
where
    customer_key in (
        select customer_key from moved_party
        union all
        select n.customer_key from party_customer_now as n semi join changed using (party_id)
        union all
        select n.order_key from code_meaning_now as n semi join changed using (code_id)
    )
union
select customer_id
from event_before
where customer_id is not null and order_id in (select order_id from order_product where load_no > getvariable('load_mark'))
