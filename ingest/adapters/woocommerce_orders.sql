/*---
summary = "WooCommerce orders, order notes and refunds as its REST interface answers them: a list, one object, or one a line"
records = "json"
tells = "record"
codes = "created <via>, paid, completed, status <status> (as of the last change), refund, note, note customer"
---*/
-- An order is sent again with each change: id is the key, date_modified_gmt the version. Times are those called _gmt. Of a note only who it
-- is for is read: its text is the shop's language and the customer's life. A note or a refund names its order by the link upwards.
-- noqa: disable=PRS
with document as (select line_no, try_cast(raw as json) as d from line),
shape as (
    select
        line_no, json_type(d) as kind,
        no_text(d, ['$.id', '$.number', '$.status', '$.customer_id', '$.date_created_gmt', '$.date_modified_gmt', '$.billing.email', '$.billing.phone', '$.amount']) as not_text,
        no_object(d, ['$.billing']) as not_object,
        no_list(d, ['$.line_items', '$.refunds']) as not_list,
        from_json(d, '{"id":"VARCHAR","number":"VARCHAR","order_key":"VARCHAR","status":"VARCHAR","created_via":"VARCHAR","customer_id":"VARCHAR","parent_id":"VARCHAR",
            "date_created_gmt":"VARCHAR","date_modified_gmt":"VARCHAR","date_paid_gmt":"VARCHAR","date_completed_gmt":"VARCHAR",
            "billing":{"email":"VARCHAR","phone":"VARCHAR"},"line_items":[{"product_id":"VARCHAR"}],
            "note":"VARCHAR","customer_note":"VARCHAR","amount":"VARCHAR","_links":{"up":[{"href":"VARCHAR"}]}}') as o
    from document
),
part as (
    select
        *, case when o.amount is not null then 'refund' when o.note is not null then 'note' else 'order' end as what,
        regexp_extract(o._links.up[1].href, '/orders/([0-9]+)$', 1) as of_order
    from shape
)
select
    line_no,
    case
        when kind is null or kind <> 'OBJECT' then 'record'
        when not_text is not null then not_text
        when not_object is not null then not_object
        when not_list is not null then not_list
        when coalesce(o.id, '') = '' then 'id'
        when any_moment(gmt_moment(o.date_created_gmt)) is null then 'date_created_gmt'
        when o.date_modified_gmt is not null and any_moment(gmt_moment(o.date_modified_gmt)) is null then 'date_modified_gmt'
        when what <> 'order' and coalesce(of_order, '') = '' then '_links.up'
        when what = 'order' and o.status is null then 'status'
    end as problem_field,
    case
        when kind is null or kind <> 'OBJECT' then 'a JSON object'
        when not_text is not null then 'a number or a text'
        when not_object is not null then 'an object'
        when not_list is not null then 'a list'
        when coalesce(o.id, '') = '' then 'an id'
        when any_moment(gmt_moment(o.date_created_gmt)) is null or (o.date_modified_gmt is not null and any_moment(gmt_moment(o.date_modified_gmt)) is null) then 'a time such as %Y-%m-%dT%H:%M:%S'
        when what <> 'order' then 'the order that it belongs to'
        else 'a status'
    end as problem_expectation,
    what || ' ' || o.id as record_key,
    epoch_ms(any_moment(gmt_moment(coalesce(o.date_modified_gmt, o.date_created_gmt)))) as record_version,
    case when what = 'order' then coalesce(nullif(o.number, ''), o.id) else of_order end as order_no,
    nullif(o.customer_id, '0') as customer_no,
    o.billing.email as email,
    o.billing.phone as phone,
    list_distinct(list_filter(list_transform(o.line_items, lambda x: x.product_id), lambda x: x is not null)) as products,
    case what
        when 'order' then [
            moment('created ' || coalesce(o.created_via, 'unknown'), gmt_moment(o.date_created_gmt), 'date_created_gmt', 0),
            moment('paid', gmt_moment(o.date_paid_gmt), 'date_paid_gmt', 1),
            moment('completed', gmt_moment(o.date_completed_gmt), 'date_completed_gmt', 2),
            -- what is paid or completed has told so; of any other state only the last change is known
            moment('status ' || o.status, case when o.status not in ('completed', 'processing', 'pending') then gmt_moment(o.date_modified_gmt) end, 'date_modified_gmt', 3)
        ]
        when 'refund' then [moment('refund', gmt_moment(o.date_created_gmt), 'date_created_gmt', 4)]
        else [moment(case when o.customer_note = 'true' then 'note customer' else 'note' end, gmt_moment(o.date_created_gmt), 'date_created_gmt', 5)]
    end as moments
from part
