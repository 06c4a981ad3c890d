-- What the adapter says of the block's lines. party_key names the set of identifiers of a row.
insert into stage
select * replace (
    md5_number(concat_ws(
        chr(31), coalesce(customer_no, ''), coalesce(login, ''), coalesce(email, ''), coalesce(order_no, ''), coalesce(call_no, ''),
        coalesce(reference, ''), coalesce(phone, ''), coalesce(cookie, ''), coalesce(visitor, '')
    )) as party_key
)
from answer
