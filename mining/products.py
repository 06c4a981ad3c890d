"""The table of products that a site may have: what their pages say, as numbers and as what is there or not.

An operator's own file, and read like a delivered one: links and archives are not opened, what is too large is refused,
a row that does not fit the header is left out and counted. A broken table costs its hints, never the night.
"""

from __future__ import annotations

import csv
import io
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ingest.errors import ConfigError
from ingest.scrub import scrub
from ingest.settings import ProductSection, suggestion

if TYPE_CHECKING:
    from ingest.site import Site

log = logging.getLogger("frontstage.mining")
MAX_BYTES = 256 * 1024 * 1024
_LACKS = frozenset({"", "-", "0", "no", "n", "none", "null", "false", "n/a"})
"""What a cell holds where the page says nothing of it, in small letters."""


@dataclass(frozen=True)
class Products:
    """`table`: product_id, category, attribute (its place in `attributes`), number (NULL where the attribute is no
    number), is_there; one row per product and attribute. `n_left_out`: rows that could not be used, with the first
    line of such a row."""

    attributes: tuple[str, ...]
    table: pa.Table
    n_products: int
    n_left_out: int = 0
    first_left_out: int = 0


def of_site(site: Site) -> Products | None:
    """The site's table; None where it has none, or where it can't be used, which is said as a warning."""
    section = site.settings.products
    if section is None:
        return None
    try:
        found = load(site, section)
    except ConfigError:
        log.warning(
            "%s can't be used as the table of products; pages are told without hints; config-check says why",
            section.file,
        )
        return None
    if found.n_left_out:
        log.warning("%s", left_out(section, found))
    return found


def left_out(section: ProductSection, found: Products) -> str:
    """What could not be used, in words."""
    return (
        f"products.file: {found.n_left_out} of {found.n_products + found.n_left_out} rows of {section.file} are left "
        "out (another number of fields than the header, no product, or one that came before), the first in line "
        f"{found.first_left_out}"
    )


def load(site: Site, section: ProductSection) -> Products:
    """Read the table. Raises ConfigError that names the key of site.toml and what was expected."""
    text = site.table_text("products", section.file, section.encoding, MAX_BYTES)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        at = {
            name: _place(key, name, header)
            for key, name in (
                ("products.id", section.id),
                ("products.category", section.category),
                *((f"products.attributes.{number}", name) for number, name in enumerate(section.attributes)),
            )
        }
        kept: dict[str, list[str]] = {}
        n_left_out = first = 0
        for row in rows:
            if not row:
                continue
            product = scrub(row[at[section.id]].strip()) if len(row) == len(header) else ""
            if not product or product in kept:
                n_left_out += 1
                first = first or rows.line_num
                continue
            kept[product] = row
    except csv.Error as error:
        raise ConfigError(f"products.file: {section.file}, line {rows.line_num}: no CSV ({error})") from error
    if not kept:
        raise ConfigError(f"products.file: {section.file} has no row that can be used, expected one per product")
    return Products(tuple(section.attributes), _long(section, at, kept), len(kept), n_left_out, first)


def _place(key: str, name: str, header: Sequence[str]) -> int:
    """Where a column stands."""
    if header.count(name) > 1:
        raise ConfigError(f"{key}: the table has {header.count(name)} columns {name!r}, expected one")
    if name not in header:
        # a file without a header has a row of products there, which is not told
        raise ConfigError(f"{key}: the table has no column {name!r}; {suggestion(name, _told(header))}")
    return header.index(name)


def _told(header: Sequence[str]) -> set[str]:
    return {name for name in header if name and not name[0].isdigit() and len(name) <= 60} or {"a header line"}


def _long(section: ProductSection, at: dict[str, int], kept: dict[str, list[str]]) -> pa.Table:
    """One row per product and attribute."""
    products = list(kept)
    categories = [row[at[section.category]].strip() for row in kept.values()]
    parts = []
    for number, name in enumerate(section.attributes):
        cells = [row[at[name]].strip() for row in kept.values()]
        values = [_number(cell) for cell in cells]
        is_numeric = any(value is not None for value in values) and all(
            value is not None or cell.lower() in _LACKS for value, cell in zip(values, cells, strict=True)
        )
        parts.append(
            pa.table(
                {
                    "product_id": pa.array(products, pa.string()),
                    "category": pa.array(categories, pa.string()),
                    "attribute": pa.array([number] * len(products), pa.int32()),
                    "number": pa.array(values if is_numeric else [None] * len(products), pa.float64()),
                    "is_there": pa.array(
                        [
                            bool(value) if is_numeric else cell.lower() not in _LACKS
                            for value, cell in zip(values, cells, strict=True)
                        ]
                    ),
                }
            )
        )
    return pa.concat_tables(parts)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
