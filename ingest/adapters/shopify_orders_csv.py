"""Adapter for Shopify's orders export as CSV: one row per article, the order's own columns on its first row.

Exports overlap and grow: an order that comes again replaces its earlier state, known by its name; it has no time of
change, so that state is the newer one that tells more moments, or later ones. Rows of further articles name order and
article and are no event. Times carry the shop's offset. What a spreadsheet has re-written
(31/12/2023 22:36) is read only when `time_formats` of the source says how, on the source's clock; otherwise it is
quarantined: day and month can't be told apart by looking. When money was given back is not told in this export.
"""

from __future__ import annotations

from ingest.adapters import FileContext
from ingest.adapters.shared.csv_rows import Columns, literals, rows
from ingest.store import literal

SUMMARY = "Shopify's orders export as CSV, one row per article; an order that comes again replaces its earlier state"
RECORDS = "csv"
CODES = "created <source>, paid, fulfilled, cancelled"

_MOMENTS = {"created": "Created at", "paid": "Paid at", "fulfilled": "Fulfilled at", "cancelled": "Cancelled at"}


def query(context: FileContext) -> str:
    """The SELECT for one file. Raises UnreadableFile when it lacks a column."""
    place = Columns("orders", context.header, "export the orders with all their columns")
    formats = context.source.time_formats
    forms = f"try_strptime(t, {literals(formats)})" if formats else "cast(null as timestamp)"
    texts = ", ".join(f"{place(column)}" for column in _MOMENTS.values())
    names = literals(list(_MOMENTS))
    said = " or ".join(["yyyy-mm-dd HH:MM:SS +hhmm", *formats])
    goods = f"coalesce({place.or_null('Lineitem sku')}, {place.or_null('Lineitem name')})"
    phone = f"coalesce({place.or_null('Phone')}, {place.or_null('Billing Phone')}, {place.or_null('Shipping Phone')})"
    # only an order's first row says how it was paid
    return f"""
with record as ({rows(context.header)}),
part as (
    select
        *, nullif(ltrim({place("Name")}, '#'), '') as order_name, {place("Financial Status")} <> '' as is_first,
        list_transform(list_zip({names}, [{texts}], range(4)), lambda x: struct_pack(
            name := x[1], told := nullif(trim(x[2]), ''), n := x[3]
        )) as told
    from record
),
timed as (
    select
        *, list_transform(list_filter(told, lambda x: x.told is not null), lambda x: struct_pack(
            name := x.name, n := x.n, told := x.told,
            utc := cast(iso_moment(regexp_replace(x.told, ' ([+-][0-9]{{4}})$', '\\1')) as timestamp),
            at := list_transform([x.told], lambda t: {forms})[1]
        )) as moments
    from part
),
checked as (
    select
        * exclude (problem_field, problem_value, problem_expectation),
        problem_field as shape, problem_value as shape_value, problem_expectation as shape_expectation,
        list_filter(moments, lambda x: x.utc is null and x.at is null)[1] as bad
    from timed
),
judged as (
    select
        *,
        case
            when shape is not null or drop_reason is not null then shape when order_name is null then 'Name'
            when is_first and (len(moments) = 0 or moments[1].name <> 'created') then 'Created at'
            when is_first and bad is not null then upper(bad.name[1]) || bad.name[2:] || ' at'
        end as problem_field
    from checked
),
told_each as (
    select
        *,
        unnest(case when problem_field is null and drop_reason is null and is_first then moments else [null] end) as m
    from judged
)
select
    line_no, problem_field, drop_reason,
    case when shape is not null then shape_value when problem_field like '% at' then bad.told end as problem_value,
    case
        when shape is not null then shape_expectation when problem_field = 'Name' then 'the name of an order'
        else {literal("a time such as " + said)}
    end as problem_expectation,
    m.utc as occurred_at, case when m.utc is null then m.at end as local_at,
    m.name || case when m.name = 'created' then coalesce(' ' || {place.or_null("Source")}, '') else '' end as code,
    m.name as part_key, cast(m.n as usmallint) as part,
    case when is_first then order_name end as record_key,
    case when is_first then
        len(moments) * 10000000000000
        + coalesce(epoch_ms(list_max(list_transform(moments, lambda x: coalesce(x.utc, x.at)))), 0)
    end as record_version,
    order_name as order_no, nullif(lower({place("Email")}), '') as email, ltrim({phone}, '''') as phone,
    {goods} as product_id
from told_each
"""
