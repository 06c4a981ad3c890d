/*---
summary = "a field that a source used to fill is empty on the night"
severity = "warn"
floors = "at least 100 events on the night and 100 before; filled in a fifth of them before; less than half as often now, by 6 standard errors"
messages.product = "{source}: the product is known of {n} of {of_n} events on the night ({percent} %, before {percent_before} %): a column is missing or renamed, or a code changed"
messages.order_no = "{source}: the order number is known of {n} of {of_n} events on the night ({percent} %, before {percent_before} %): a column is missing or renamed, or a code changed"
messages.call_no = "{source}: the call number is known of {n} of {of_n} events on the night ({percent} %, before {percent_before} %): a column is missing or renamed, or a code changed"
messages.intent = "{source}: the intent is known of {n} of {of_n} events on the night ({percent} %, before {percent_before} %): a column is missing or renamed, or a code changed"
messages.waiting_time = "{source}: the waiting time is known of {n} of {of_n} events on the night ({percent} %, before {percent_before} %): a column is missing or renamed, or a code changed"
messages.handling_time = "{source}: the handling time is known of {n} of {of_n} events on the night ({percent} %, before {percent_before} %): a column is missing or renamed, or a code changed"
---*/
with filled as (
    select
        source, day_no = 0 as is_now, count(*) as n_all,
        count(product_id) as product, count(order_id) as order_no, count(call_id) as call_no, count(intent) as intent,
        count(wait_ms) as waiting_time, count(handle_ms) as handling_time
    from nearby
    group by all
),
field as (unpivot filled on product, order_no, call_no, intent, waiting_time, handling_time into name field value n),
paired as (
    select a.source, a.field, a.n, a.n_all, b.n / b.n_all as before
    from field as a
    inner join field as b on a.source = b.source and a.field = b.field and a.is_now and not b.is_now
    where a.n_all >= 100 and b.n_all >= 100
)
select
    source, n, n_all as of_n, field as message,
    {'percent': format('{:.0f}', 100.0 * n / n_all), 'percent_before': format('{:.0f}', 100.0 * before)} as told
from paired
where
    before >= 0.2 and n < 0.5 * before * n_all
    and before * n_all - n > 6 * sqrt(n_all * before * (1 - before))
