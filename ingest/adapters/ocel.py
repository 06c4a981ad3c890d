"""Adapter for object-centric event logs (OCEL 2.0 and 1.0; JSON, XML, SQLite): an event relates to several objects.

`objects` of the source says which types of objects identify: a type ("customer") or a type in a role ("person as
buyer"), each with its kind of identifier, or "product". An event is one event for each of its objects of the kind
`case` (an order unless said), which is how such logs are flattened. Of another kind it names nobody when it has
several, and of several cases no product: nobody could say which is whose. Relations between objects link their
identifiers, and so do orders and products. Of attributes only those named in `attributes` are kept; "order.price" is
the order's at the time of the event.

Python makes records that need no other (ingest/ocel); an event that names an object that the log does not tell of is
quarantined, and so are events of one id that differ. An event that comes again counts once when its id, type and time
are those of before: logs may number their events from 1 each night. With more objects or attributes it replaces
itself. Times without an offset are on the source's clock. pm4py and the standard's examples: tests/ingest/test_ocel.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.adapters import FileContext
from ingest.settings import SourceSection
from ingest.sniffing.object_types import guess_objects as trials  # noqa: F401  what else an adapter offers
from ingest.store import literal

SUMMARY = "object-centric event logs, OCEL 2.0 and 1.0, as JSON, XML or SQLite: `objects` says which types identify"
RECORDS = "ocel"
CODES = "<type of the event>: 'Create Order', 'pay'"

_DEEDS = ("order_no", "call_no")
"""What one person may have many of, and which are each of one person."""
_FORMATS = ["%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S"]
_RECORD = (
    '{"event":"VARCHAR","object":"VARCHAR","type":"VARCHAR","time":"VARCHAR","fault":"VARCHAR",'
    '"objects":[{"id":"VARCHAR","type":"VARCHAR","as":"VARCHAR","attributes":"JSON"}]}'
)


_CHECKED = f"""with document as (select line_no, try_cast(raw as json) as d from line),
shape as (
    select
        line_no, d, json_type(d) as kind, coalesce(json_exists(d, '$.object'), false) as is_object,
        no_text(d, ['$.event', '$.object', '$.type', '$.time']) as not_text,
        no_list(d, ['$.objects']) as not_list, no_object(d, ['$.attributes']) as not_object,
        from_json(d, '{_RECORD}') as e
    from document
),
checked as (
    select
        *, cast(iso_moment(e.time) as timestamp) as at_utc,
        case when e.time not like '%+%' and e.time not like '%Z' then try_strptime(e.time, {_FORMATS}) end as at_local,
        case
            when kind is null or kind <> 'OBJECT' then 'record'
            when not_text is not null then not_text
            when not_list is not null then not_list
            when not_object is not null then not_object
            when coalesce(e.event, e.object, '') = '' or e.fault is not null then 'id'
            when coalesce(e.type, '') = '' then 'type'
            when len(list_filter(e.objects, lambda o: o.id is null or o.type is null)) > 0 then 'objects'
            when not is_object and at_utc is null and at_local is null then 'time'
        end as problem_field
    from shape
),"""


def query(context: FileContext) -> str:
    """The SELECT for one file."""
    source = context.source
    kinds = sorted({*source.objects.values(), source.case} - {"product"})
    ids = ", ".join(f"{kind} := {_ids(source, kind)}" for kind in [*kinds, "product"])
    own = ", ".join(f"{kind} := {_own(source, kind)}" for kind in [*kinds, "product"])
    cases = f"list_transform(ids.{source.case}, lambda i: struct_pack(kind := {literal(source.case)}, id := i))"
    deeds = " || ".join(
        ["cast([] as struct(kind varchar, id varchar)[])"]
        + [
            f"list_transform(ids.{k}, lambda i: struct_pack(kind := {literal(k)}, id := i))"
            for k in kinds
            if k in _DEEDS
        ]
    )
    who = ",\n        ".join(f"{_who(kind, source.case)} as {kind}" for kind in kinds)
    kept = f",\n    {_kept(source)} as attributes" if source.attributes else ""
    return f"""
{_CHECKED}
named as (
    select *, struct_pack({ids}) as ids, struct_pack({own}) as own from checked
),
listed as (
    -- what the record is told of anew for each: an event of each case, an object of each order and call
    select *, case when problem_field is not null then [] when is_object then {deeds} else {cases} end as many
    from named
),
each as (
    select
        *, unnest(case when len(many) = 0 then [null] else many end) as x,
        generate_subscripts(case when len(many) = 0 then [null] else many end, 1) as n
    from listed
),
told as (
    select
        *,
        {who},
        case
            when own.product is not null then [own.product] when is_object or len(many) < 2 then ids.product else []
        end as found_products,
        {_is_any("own", [*kinds, "product"])} and ({_links(kinds)}) as is_link
    from each
)
select
    line_no, problem_field,
    case when problem_field is null and is_object and not is_link then 'no event' end as drop_reason,
    case when problem_field = 'time' then e.time end as problem_value,
    case
        when problem_field = 'record' then 'a JSON object'
        when problem_field = not_text then 'a number or a text'
        when problem_field = not_list then 'a list'
        when problem_field = not_object then 'an object'
        when problem_field = 'id' then 'an id that no other has'
        when problem_field = 'type' then 'a type'
        when problem_field = 'objects' then 'objects that the log tells of'
        when problem_field = 'time' then {literal("a time such as %Y-%m-%dT%H:%M:%S%z")}
    end as problem_expectation,
    case when not is_object then at_utc end as occurred_at, case when not is_object then at_local end as local_at,
    case when not is_object then e.type end as code,
    case when not is_object then coalesce(x.id, '') end as part_key, cast(least(n, 65000) as usmallint) as part,
    case when not is_object then concat_ws('|', e.event, e.type, coalesce(at_utc, at_local)) end as record_key,
    case when not is_object then len(e.objects) + coalesce(len(json_keys(d, '$.attributes')), 0) end as record_version,
    case when len(found_products) = 1 then found_products[1] end as product_id, nullif(found_products, []) as products,
    {", ".join(kinds)}{kept}
from told
"""


def _role(declared: str) -> tuple[str, str]:
    """Type and role that a key of `objects` names; no role where it is a type alone."""
    kind, _, role = declared.rpartition(" as ")
    return (kind, role) if kind else (declared, "")


def _ids(source: SourceSection, kind: str) -> str:
    """SQL of the different ids of a kind among the objects of a record. A type in a role goes before the type alone."""
    tests = []
    for declared, declared_kind in sorted(source.objects.items()):
        name, role = _role(declared)
        test = f"o.type = {literal(name)}"
        if role:
            test += f" and o.as = {literal(role)}"
        for other, other_role in sorted(map(_role, source.objects)):
            if not role and other == name and other_role:
                test += f" and o.as is distinct from {literal(other_role)}"
        tests += [f"({test})"] if declared_kind == kind else []
    found = f"list_filter(e.objects, lambda o: {' or '.join(tests)})"
    if not tests:
        return "cast([] as varchar[])"
    return f"coalesce(list_sort(list_distinct(list_transform({found}, lambda o: o.id))), [])"


def _own(source: SourceSection, kind: str) -> str:
    """SQL of an object's own id, if its type is of a kind, whatever its role."""
    types = ", ".join(literal(name) for name, declared in sorted(source.objects.items()) if declared == kind)
    return f"case when is_object and e.type in ({types}) then e.object end" if types else "cast(null as varchar)"


def _who(kind: str, case: str) -> str:
    """SQL of the identifier of a kind: the object's own, the one that the row is for, or the only one."""
    only = f"case when len(ids.{kind}) = 1 then ids.{kind}[1] end"
    if kind in _DEEDS or kind == case:
        row = f"case when x.kind = {literal(kind)} then x.id end"
        if kind == case and kind not in _DEEDS:
            return f"case when is_object then coalesce(own.{kind}, {only}) else {row} end"
        if kind != case:
            return f"case when is_object then coalesce(own.{kind}, {row}) else {only} end"
        return f"coalesce(own.{kind}, {row})"
    return f"coalesce(own.{kind}, {only})"


def _links(kinds: Sequence[str]) -> str:
    """SQL that tells whether an object and those that it is related to say two identifiers of one person, or what is in
    an order."""
    has = {k: f"(own.{k} is not null or len(ids.{k}) {'> 0' if k in _DEEDS else '= 1'})" for k in [*kinds, "product"]}
    two = " + ".join(f"{has[kind]}::int" for kind in kinds) + " >= 2"
    if "order_no" not in has:
        return two
    return f"{two} or ({has['order_no']} and (own.product is not null or len(ids.product) > 0))"


def _is_any(struct: str, kinds: Sequence[str]) -> str:
    return "coalesce(" + ", ".join(f"{struct}.{kind}" for kind in kinds) + ") is not null"


def _kept(source: SourceSection) -> str:
    """SQL of the attributes that are kept; of several objects of a type that differ, none."""
    case_types = [name for name, kind in source.objects.items() if kind == source.case]
    pairs = []
    for name in source.attributes:
        value = f"json_extract_string(d, {literal(_path('$.attributes', name))})"
        for place, mark in enumerate(name):
            if mark == ".":
                kind, attribute = name[:place], name[place + 1 :]
                test = f"o.type = {literal(kind)}" + (" and o.id = x.id" if kind in case_types else "")
                values = (
                    f"list_distinct(list_transform(list_filter(e.objects, lambda o: {test}), "
                    f"lambda o: json_extract_string(o.attributes, {literal(_path('$', attribute))})))"
                )
                value = f"coalesce({value}, case when len({values}) = 1 then ({values})[1] end)"
        pairs.append(f"{literal(name)}, {value}")
    return f"json_object({', '.join(pairs)})"


def _path(start: str, name: str) -> str:
    """A path of JSON to a member of any name."""
    return f'{start}."{name.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"'
