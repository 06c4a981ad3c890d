"""Hints beside pages that cause calls: against a count by hand, and the product table under whatever lies there."""

from __future__ import annotations

import bz2
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from page_world import World, build, frame

from ingest.errors import ConfigError
from ingest.site import Site
from ingest.store import Store
from mining import checking, page_hints, products
from mining.analyses import page_calls
from mining.context import Context
from mining.method import Method
from mining.page_hints import Hints
from mining.products import Products

SITE = """[site]
name = "S"
[[source]]
name = "web"
adapter = "nginx_combined"
[products]
file = "products.csv"
id = "sku"
category = "group"
attributes = ["photos", "size"]
"""
ROWS = "sku,group,photos,size\n" + "".join(f"{n},g,{n},{n} cm\n" for n in range(1, 12))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "site.toml").write_text(SITE)
    (tmp_path / "products.csv").write_text(ROWS)
    return Site(tmp_path)


def section(site: Site) -> Any:
    assert site.settings.products is not None
    return site.settings.products


def context_of(table: Products | None) -> Context:
    import datetime as dt

    day = dt.date(2026, 1, 5)
    return Context(Method(), day, day, {}, None, "EUR", None, "c", "i", products=table)


# ---- the rules ---------------------------------------------------------------------------------------------------


def drawn(seed: int) -> Products:
    """40 products of five categories, one of them small; three attributes, one without numbers."""
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(40):
        category = "tiny" if n < 4 else f"c{n % 4}"
        for attribute in range(3):
            number = None if attribute == 2 else float(rng.integers(0, 12) if rng.random() < 0.3 else 6)
            is_there = bool(number) if number is not None else bool(rng.random() < 0.85)
            rows.append((f"p{n}", category, attribute, number, is_there))
    names = ("product_id", "category", "attribute", "number", "is_there")
    return Products(("a", "b", "c"), pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)}), 40)


def by_hand(table: Products, product: str, attribute: int) -> tuple[bool, bool]:
    """(lacks it, is far below), written out for one product and attribute."""
    rows = table.table.to_pylist()
    (own,) = [row for row in rows if (row["product_id"], row["attribute"]) == (product, attribute)]
    others = [row for row in rows if row["attribute"] == attribute and row["product_id"] != product]
    alike = [row for row in others if row["category"] == own["category"]]
    peers = alike if len(alike) >= 8 else others
    have = [row for row in peers if row["is_there"]]
    if len(have) < 0.8 * len(peers):
        return False, False
    if not own["is_there"]:
        return True, False
    numbers = sorted(row["number"] for row in have if row["number"] is not None)
    if not numbers:
        return False, False
    low = numbers[max(0, -(-len(numbers) // 10) - 1)]
    median = numbers[max(0, -(-len(numbers) // 2) - 1)]
    return False, own["number"] < low and own["number"] < median / 2


@pytest.mark.parametrize("seed", range(4))
def test_hints_are_those_of_a_count_by_hand(seed: int) -> None:
    table = drawn(seed)
    asked = [f"p{n}" for n in range(40)]
    with Store.open() as store:
        told = page_hints.read(store, context_of(table), asked)
    n_told = 0
    for product in asked:
        found = {(hint.attribute, hint.value is None) for hint in told[product].hints}
        wanted = set()
        for number, name in enumerate(table.attributes):
            lacks, is_low = by_hand(table, product, number)
            wanted |= {(name, True)} if lacks else {(name, False)} if is_low else set()
        assert found == wanted, product
        n_told += len(found)
        assert bool(told[product].sentences()) == bool(wanted)
    assert n_told >= 2


def test_without_a_table_a_product_or_peers_the_reason_is_said() -> None:
    table = drawn(1)
    few = replace(table, n_products=5, table=table.table.slice(0, 15))
    with Store.open() as store:
        assert page_hints.read(store, context_of(None), ["p1"])["p1"].reason == page_hints.NO_TABLE
        told = page_hints.read(store, context_of(table), ["p1", "no such", None])
        assert told["no such"].reason == page_hints.NOT_IN_TABLE and told[None].reason == page_hints.NO_PRODUCT
        assert page_hints.read(store, context_of(few), ["p1"])["p1"].reason == page_hints.NO_PEERS
    assert Hints().record() == {"missing_attributes": None, "missing_attributes_reason": page_hints.NOTHING}


def test_a_poor_page_is_told_with_what_it_lacks(store: Store) -> None:
    """Of 100 pages one is followed by four times the calls, and says nothing of its size."""
    world = World(3, n_customers=6_000, n_pages=100, n_categories=4, times={5: 4.0}, is_named=True)
    build(store, world)
    rows = [(str(page), f"c{page % 4}", n) for page in range(100) for n in range(2)]
    table = pa.table(
        {
            "product_id": [row[0] for row in rows],
            "category": [row[1] for row in rows],
            "attribute": [row[2] for row in rows],
            "number": [(40.0 if page == "5" else 300.0 + int(page)) if n == 0 else None for page, _, n in rows],
            "is_there": [n == 0 or page != "5" for page, _, n in rows],
        }
    )
    context = replace(frame(store), products=Products(("words", "size of the <b>box</b>"), table, 100))
    told = {one.where["product"]: one for one in page_calls.find(store, context)}
    extra = told["5"].extra["missing_attributes"]
    assert [(one["attribute"], one["value"], one["n_peers"]) for one in extra] == [
        ("size of the <b>box</b>", None, 24),
        ("words", 40.0, 24),
    ]
    assert "A hint, no finding: most of the 24 other products of its category have" in told["5"].text_evidence
    others = [one for product, one in told.items() if product != "5"]
    assert all(one.extra["missing_attributes"] is None for one in others)


@pytest.mark.skipif(not os.environ.get("FRONTSTAGE_TRUTH"), reason="FRONTSTAGE_TRUTH=1: world W5, some minutes")
def test_poor_pages_of_raw_logs_lack_what_was_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """World W5 through raw files: 10,000 customers, three poor products whose rows lack dimensions and text."""
    root = Path(__file__).parents[1]
    monkeypatch.syspath_prepend(str(root / "worldgen"))
    monkeypatch.syspath_prepend(str(root / "truth"))
    from judged import loaded
    from world_catalog import POOR, PRODUCTS

    from mining import population, register, stage

    with loaded("W5", 7, 1000) as night:
        register.prepare(night.store)
        context = stage.make_context(night.site, night.store, night.config.last_day)
        stage.aggregate.build(night.store)
        population.prepare(night.store, context)
        told = {one.where.get("product"): one for one in page_calls.find(night.store, context)}
    poor = {str(PRODUCTS[place].product_id) for place in POOR}
    assert poor & {*told} == {product for product, one in told.items() if one.grade == "B"}
    for product, one in told.items():
        hints = {hint["attribute"] for hint in one.extra["missing_attributes"] or []}
        assert hints == ({"dimensions", "description_chars"} if product in poor else set()), product


# ---- the table ---------------------------------------------------------------------------------------------------


def test_numbers_and_words_are_told_apart(site: Site) -> None:
    text = "\ufeffsku,group,photos,size\r\nA,g,3,x\r\nB,g,,\r\nC,g,0,NO\r\n\r\n"
    (site.root / "products.csv").write_bytes(bz2.compress(text.encode()))
    found = products.load(site, section(site))
    rows = {(row["product_id"], row["attribute"]): (row["number"], row["is_there"]) for row in found.table.to_pylist()}
    assert rows == {
        ("A", 0): (3.0, True), ("B", 0): (None, False), ("C", 0): (0.0, False),
        ("A", 1): (None, True), ("B", 1): (None, False), ("C", 1): (None, False),
    }  # fmt: skip


REFUSED: dict[str, tuple[bytes, str]] = {
    "no such column": (b"sku,category,photos,size\n1,g,1,1\n", r"products\.category: the table has no column 'group'"),
    "a column twice": (b"sku,group,photos,size,size\n1,g,1,1,1\n", r"products\.attributes\.1: .* 2 columns 'size'"),
    "no row": (b"sku,group,photos,size\n", "no row that can be used"),
    "nothing": (b"", r"products\.id: the table has no column 'sku'"),
    "a quote that never ends": (b'sku,group,photos,size\n1,"g,1,1\n', "no CSV"),
    "another encoding": ("sku,group,photos,size\nä,g,1,1\n".encode("latin-1"), "not utf-8 at byte 22"),
    "a spreadsheet": (b"PK\x03\x04rest", "a zip archive or a spreadsheet"),
    "a packed file that is cut": (bz2.compress(ROWS.encode())[:40], "can't be read"),
    "one huge field": (b"sku,group,photos,size\n1,g,1," + b"x" * 200_000 + b"\n", "no CSV"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_costs_the_hints_and_never_the_night(
    site: Site, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    content, message = REFUSED[name]
    (site.root / "products.csv").write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        products.load(site, section(site))
    assert products.of_site(site) is None and "told without hints" in caplog.text
    (problem,) = checking.problems(site)
    assert problem.key.startswith("products.") and problem.file.endswith("site.toml")


def test_a_link_is_not_followed_and_a_bomb_is_not_unpacked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    path = site.root / "products.csv"
    path.rename(site.root / "real.csv")
    path.symlink_to("real.csv")
    with pytest.raises(ConfigError, match=r"products\.file: "):
        products.load(site, section(site))
    path.unlink()
    with pytest.raises(ConfigError, match="is missing"):
        products.load(site, section(site))
    monkeypatch.setattr(products, "MAX_BYTES", 1000)
    path.write_bytes(bz2.compress(ROWS.encode() + b"9,g,1,1\n" * 1000))
    with pytest.raises(ConfigError, match="more than 1,000 bytes"):
        products.load(site, section(site))


def test_rows_that_do_not_fit_are_left_out_and_counted(site: Site) -> None:
    with (site.root / "products.csv").open("a") as file:
        file.write("12,g,1\n,g,1,1\n3,other,9,9\n")
    found = products.load(site, section(site))
    assert (found.n_products, found.n_left_out, found.first_left_out) == (11, 3, 13)
    (problem,) = checking.problems(site)
    assert problem.key == "products.file" and "3 of 14 rows" in problem.what


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"size"]', '"sku"]', "named twice"),
        ('file = "products.csv"\n', "", "products.file: missing"),
        ("attributes =", "atributes =", "did you mean 'attributes'"),
        ('["photos", "size"]', "[]", "products.attributes"),
        ('id = "sku"', 'id = "sku"\nencoding = "hex"', "expected an encoding"),
    ],
)
def test_the_section_is_checked(site: Site, old: str, new: str, message: str) -> None:
    (site.root / "site.toml").write_text(SITE.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        _ = Site(site.root).settings
