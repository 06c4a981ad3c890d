-- Events of the audited day (day_no 0) and of the 28 days before it, with what an audit may ask of them.
create or replace temp table nearby as
select
    s.name as source, (epoch_us(getvariable('audit_end')) - 1 - epoch_us(e.occurred_at)) // 86400000000 as day_no,
    e.customer_id, e.identity_strength, e.product_id, e.order_id, e.call_id, e.intent, e.wait_ms, e.handle_ms
from event as e
inner join source as s using (source_id)
where e.occurred_at < getvariable('audit_end') and e.occurred_at >= getvariable('audit_end') - interval 29 days
