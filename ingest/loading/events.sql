-- `named` (kind, value, pseudonym) holds the pseudonyms of the file's identifiers, `scrubbed` (plain, code) its codes.
insert into identifier
select (select coalesce(max(identifier_id), 0) from identifier) + row_number() over (order by n.kind, n.pseudonym), n.kind, n.pseudonym
from (select distinct kind, pseudonym from named) as n
anti join identifier as i on i.kind = n.kind and i.pseudonym = n.pseudonym;

create or replace temp table id_map as
select n.kind, n.value, i.identifier_id from named as n inner join identifier as i using (kind, pseudonym);

create or replace temp table party_map as
select
    p.party_key, a.identifier_id as i1, b.identifier_id as i2, c.identifier_id as i3, d.identifier_id as i4,
    e.identifier_id as i5, f.identifier_id as i6, g.identifier_id as i7, h.identifier_id as i8, i.identifier_id as i9
from plain_party as p
left join id_map as a on a.kind = 'customer_no' and a.value = p.customer_no
left join id_map as b on b.kind = 'login' and b.value = p.login
left join id_map as c on c.kind = 'email' and c.value = p.email
left join id_map as d on d.kind = 'order_no' and d.value = p.order_no
left join id_map as e on e.kind = 'call_no' and e.value = p.call_no
left join id_map as f on f.kind = 'reference' and f.value = p.reference
left join id_map as g on g.kind = 'phone' and g.value = p.phone
left join id_map as h on h.kind = 'cookie' and h.value = p.cookie
left join id_map as i on i.kind = 'visitor' and i.value = p.visitor;

insert into party
select (select coalesce(max(party_id), 0) from party) + row_number() over (order by i1, i2, i3, i4, i5, i6, i7, i8, i9), n.*
from (
    select distinct i1, i2, i3, i4, i5, i6, i7, i8, i9 from party_map
    where coalesce(i1, i2, i3, i4, i5, i6, i7, i8, i9) is not null
    except
    select customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor from party
) as n;

create or replace temp table party_of as
select m.party_key, p.party_id
from party_map as m
inner join party as p
    on p.customer_no is not distinct from m.i1 and p.login is not distinct from m.i2
    and p.email is not distinct from m.i3 and p.order_no is not distinct from m.i4
    and p.call_no is not distinct from m.i5 and p.reference is not distinct from m.i6
    and p.phone is not distinct from m.i7 and p.cookie is not distinct from m.i8 and p.visitor is not distinct from m.i9;

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
    k.product_id, k.order_no, k.call_no, k.intent, k.wait_ms, k.handle_ms, k.attributes
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
select getvariable('source_id'), n.order_no, n.product
from (
    select distinct order_no, unnest(products) as product from stage where order_no is not null and products is not null
    union
    select distinct order_no, product_id from stage where order_no is not null and product_id is not null
) as n
anti join order_product as o on o.source_id = getvariable('source_id') and o.order_id = n.order_no and o.product_id = n.product
where n.product is not null;
