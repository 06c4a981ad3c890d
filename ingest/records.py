"""SQL that makes text records, as adapters read them, of what the reader delivers otherwise: documents, rows."""

from __future__ import annotations


def cut_json(list_key: str | None) -> str:
    """The documents in `delivered`: of one that is a list, or holds it under `list_key`, the elements."""
    elements = "case when not json_valid(raw) then null"  # first: json_type() raises on what is no JSON
    if list_key:
        elements += f" when json_type(raw, '$.{list_key}') = 'ARRAY' then json_extract(raw, '$.{list_key}[*]')"
    elements += " when json_type(raw) = 'ARRAY' then json_extract(raw, '$[*]') else [cast(raw as json)] end"
    return f"""
    with document as (select line_no, raw, flaw, original, {elements} as found from delivered),
    cut as (
        select
            line_no as document_no, unnest([cast(x as varchar) for x in found]) as raw,
            generate_subscripts(found, 1) as n, flaw, cast(null as blob) as original
        from document where found is not null
        union all
        select line_no, raw, 1, flaw, original from document where found is null
    )
    select
        cast(row_number() over (order by document_no, n) as uinteger) as line_no, cast(0 as ubigint) as byte_offset,
        raw,
        case when contains(raw, '\ufffd') or flaw = 'length' then flaw end as flaw,
        case when contains(raw, '\ufffd') then original end as original
    from cut"""


def rows_as_text(columns: list[str], *, is_json: bool) -> str:
    """The rows in `delivered` as JSON objects, or as records of a CSV file with these columns."""
    if is_json:
        raw = 'cast(to_json("row") as varchar)'
    else:
        fields = (f'"row"."{_quoted(name)}"' for name in columns)
        texts = (f"""'"' || replace(coalesce(cast({field} as varchar), ''), '"', '""') || '"'""" for field in fields)
        raw = f"concat_ws(',', {', '.join(texts)})"
    return f"""select line_no, cast(line_no as ubigint) as byte_offset, {raw} as raw, cast(null as varchar) as flaw,
    cast(null as blob) as original from delivered"""


def as_header(columns: list[str]) -> str:
    """The columns' names as the header of a CSV file."""
    return ",".join('"' + name.replace('"', '""') + '"' for name in columns)


def _quoted(name: str) -> str:
    return name.replace('"', '""')
