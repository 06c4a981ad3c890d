"""The table of products of a standard world: what each page says. Poor pages lack what all others have."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from world_catalog import POOR, PRODUCTS
from world_io import write

FILE = "products.csv"
COLUMNS = ("sku", "group", "description_chars", "photos", "dimensions", "washing_tips")
SETTINGS = f"""
[products]
file = "{FILE}"
id = "sku"
category = "group"
attributes = ["description_chars", "photos", "dimensions", "washing_tips"]
"""


def write_products(out: Path) -> None:
    """Lengths and photos differ from product to product; every third has washing tips, so that these are no hint."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for place, product in enumerate(PRODUCTS):
        is_poor = place in POOR
        chars = 140 + place if is_poor else 700 + 37 * place % 400
        size = "" if is_poor else f"{20 + place} x {10 + place} cm"
        tips = "30 degrees, by hand" if place % 3 == 1 else ""
        table.writerow([product.product_id, product.category, chars, 2 + place % 4, size, tips])
    write(out / FILE, text.getvalue().encode())
