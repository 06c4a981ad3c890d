-- `named` (kind, value, pseudonym) holds the pseudonyms of the file's identifiers, `scrubbed` (plain, code) its codes.
insert into identifier
select (select coalesce(max(identifier_id), 0) from identifier) + row_number() over (order by n.kind, n.pseudonym), n.kind, n.pseudonym
from (select distinct kind, pseudonym from named) as n
anti join identifier as i on i.kind = n.kind and i.pseudonym = n.pseudonym;

create or replace temp table id_map as
select n.kind, n.value, i.identifier_id from named as n inner join identifier as i using (kind, pseudonym);

create or replace temp table party_map as
select
    p.party_key,
    min(i.identifier_id) filter (where p.kind = 'customer_no') as customer_no, min(i.identifier_id) filter (where p.kind = 'login') as login,
    min(i.identifier_id) filter (where p.kind = 'email') as email, min(i.identifier_id) filter (where p.kind = 'order_no') as order_no,
    min(i.identifier_id) filter (where p.kind = 'call_no') as call_no, min(i.identifier_id) filter (where p.kind = 'reference') as reference,
    min(i.identifier_id) filter (where p.kind = 'phone') as phone, min(i.identifier_id) filter (where p.kind = 'cookie') as cookie,
    min(i.identifier_id) filter (where p.kind = 'visitor') as visitor
from (
    select party_key, kind, value
    from plain_party unpivot (value for kind in (customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor))
) as p
inner join id_map as i on i.kind = p.kind and i.value = p.value
group by p.party_key;

-- the file's parties among those known: one identifier tells nearly always, so that the file is the small side of the join
create or replace temp view known_party as
select p.*
from party as p
semi join (select distinct coalesce(customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor) as identifier_id from party_map) as m
    on m.identifier_id = coalesce(p.customer_no, p.login, p.email, p.order_no, p.call_no, p.reference, p.phone, p.cookie, p.visitor);

insert into party
select
    (select coalesce(max(party_id), 0) from party)
    + row_number() over (order by customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor), n.*
from (
    select distinct customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor from party_map
    except
    select customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor from known_party
) as n;

create or replace temp table party_of as
select m.party_key, p.party_id
from party_map as m
inner join known_party as p
    on p.customer_no is not distinct from m.customer_no and p.login is not distinct from m.login
    and p.email is not distinct from m.email and p.order_no is not distinct from m.order_no
    and p.call_no is not distinct from m.call_no and p.reference is not distinct from m.reference
    and p.phone is not distinct from m.phone and p.cookie is not distinct from m.cookie and p.visitor is not distinct from m.visitor;

insert into code
select (select coalesce(max(code_id), 0) from code) + row_number() over (order by s.code), getvariable('source_id'), s.code
from (select distinct code from scrubbed) as s
anti join (select code from code where source_id = getvariable('source_id')) as c on c.code = s.code;

insert into raw_event
select
    case
        when k.record_key is not null
            then cast(md5(getvariable('source_name') || '|' || k.record_key || '|' || coalesce(k.part_key, '')) as uuid)
        else cast(md5(getvariable('source_name') || '|' || l.line_hash || '|' || l.k || '|' || coalesce(k.part, 0)) as uuid)
    end,
    getvariable('source_id'), getvariable('file_id'), k.line_no, coalesce(k.part, 0),
    cast(md5(getvariable('source_name') || '|' || k.record_key) as uuid), k.record_version, l.line_hash,
    c.code_id, p.party_id, k.occurred_at, k.ended_at, k.time_rule,
    k.product_id, k.order_no, k.call_no, k.intent, k.wait_ms, k.handle_ms, k.attributes,
    getvariable('load_no')
from stage as k
inner join new_line as l using (line_no)
inner join scrubbed as s on s.plain = k.code
inner join code as c on c.source_id = getvariable('source_id') and c.code = s.code
left join party_of as p on p.party_key = k.party_key;

insert into link
select distinct getvariable('source_id'), getvariable('file_id'), k.line_no, l.line_hash, p.party_id
from stage as k
inner join new_line as l using (line_no)
inner join party_of as p on p.party_key = k.party_key
where k.code is null;

insert into order_product
with told as (
    select line_no, record_key, order_no, unnest(products) as product from stage where order_no is not null and products is not null
    union all
    select line_no, record_key, order_no, product_id from stage where order_no is not null and product_id is not null
),
named as (
    select distinct
        t.order_no as order_id, t.product as product_id, cast(md5(getvariable('source_name') || '|' || t.record_key) as uuid) as record_key,
        case when t.record_key is not null then l.line_hash end as record_hash
    from told as t inner join new_line as l using (line_no)
    where t.product is not null
)
select getvariable('source_id'), n.*, getvariable('load_no')
from named as n
anti join order_product as o
    on o.source_id = getvariable('source_id') and o.order_id = n.order_id and o.product_id = n.product_id
    and o.record_key is not distinct from n.record_key and o.record_hash is not distinct from n.record_hash
