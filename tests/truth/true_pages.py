"""The calls that truly followed the pages of products, by customer, whoever the logs can know (method note 7).

Counted from the world before anything is written down. A sight is a customer's first view of a product on a day; a
product call counts for the product that its caller saw last, where that sight lies no more than a day before it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass

from true_needs import Truth
from world_catalog import POOR, PRODUCTS
from world_config import DAY_S, day_start_s

HEAVIEST = 2_000
"""No page weighs more than so many sights in the mean of others."""


@dataclass(frozen=True)
class Called:
    """One product's page: how many times as many calls follow as follow others, and how many would anyway."""

    times: float
    usual_calls: float


def called(truth: Truth) -> dict[str, Called]:
    """By number of each product with a poor page that somebody saw."""
    n, calls = _counts(truth)
    others = [place for place in n if place not in POOR]
    weight = {place: min(n[place], HEAVIEST) for place in others}
    usual = sum(weight[place] * calls[place] / n[place] for place in others) / max(1, sum(weight.values()))
    return {
        str(PRODUCTS[place].product_id): Called(calls[place] / n[place] / usual, usual * n[place])
        for place in sorted(POOR)
        if n[place] and usual
    }


def _counts(truth: Truth) -> tuple[Counter[int], Counter[int]]:
    """Sights by product (its place in PRODUCTS), and those that a call counts for."""
    made, place_of = truth.made, {product.path: place for place, product in enumerate(PRODUCTS)}
    seen: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for hit in (hit for day in made.hits for hit in day):
        if hit.path in place_of and hit.status == 200:
            seen[made.needs.person[hit.need]].append((hit.at_s, place_of[hit.path]))
    first: defaultdict[int, dict[tuple[int, int], int]] = defaultdict(dict)
    for person, views in seen.items():
        views.sort()
        for at_s, place in views:
            first[person].setdefault((place, day_start_s(at_s)), at_s)
    n = Counter(place for sights in first.values() for place, _ in sights)
    credited = set()
    for call in made.calls:
        at_s = call.connect_s or call.end_s
        if call.queue != "product" or not call.enter_s or not made.is_recorded(at_s):
            continue
        views = seen.get(call.person, [])
        last = bisect_left(views, (at_s, -1)) - 1
        if last >= 0:
            place, day = views[last][1], day_start_s(views[last][0])
            if at_s - first[call.person][place, day] <= DAY_S:
                credited.add((call.person, place, day))
    return n, Counter(place for _, place, _ in credited)
