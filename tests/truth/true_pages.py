"""The calls that truly followed the pages of products, by customer, whoever the logs can know (method note 7).

Counted from the world before anything is written down. A sight is a customer's first view of a product on a day; a
product call counts for the product that its caller saw last, where that sight lies no more than a day before it.
"""

from __future__ import annotations

import math
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
    """One product's page: how many times as many calls follow as follow others, and how many would anyway. How many
    times the odds of coming after a view and not before one those calls have, against calls around other pages; and the
    error of the logarithm of that, from all calls around the page."""

    times: float
    usual_calls: float
    odds_after: float
    odds_error: float


def called(truth: Truth) -> dict[str, Called]:
    """By number of each product with a poor page that somebody saw."""
    n, calls, after, before = _counts(truth)
    others = [place for place in n if place not in POOR]
    weight = {place: min(n[place], HEAVIEST) for place in others}
    usual = sum(weight[place] * calls[place] / n[place] for place in others) / max(1, sum(weight.values()))
    usually = (sum(after[place] for place in others) + 0.5) / (sum(before[place] for place in others) + 0.5)
    out = {}
    for place in sorted(POOR):
        if n[place] and usual:
            a, b = after[place] + 0.5, before[place] + 0.5
            times, anyway = calls[place] / n[place] / usual, usual * n[place]
            out[str(PRODUCTS[place].product_id)] = Called(times, anyway, a / b / usually, math.sqrt(1 / a + 1 / b))
    return out


def _counts(truth: Truth) -> tuple[Counter[int], Counter[int], Counter[int], Counter[int]]:
    """By product (its place in PRODUCTS): sights; those that a call counts for; calls within a day after the view that
    is the nearest before them; and calls within a day before the nearest view after them."""
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
    credited, after, before = set(), Counter[int](), Counter[int]()
    for call in made.calls:
        at_s = call.connect_s or call.end_s
        if call.queue != "product" or not call.enter_s or not made.is_recorded(at_s):
            continue
        views = seen.get(call.person, [])
        last = bisect_left(views, (at_s, -1)) - 1
        if last + 1 < len(views) and views[last + 1][0] <= at_s + DAY_S:
            before[views[last + 1][1]] += 1
        if last >= 0:
            after[views[last][1]] += at_s <= views[last][0] + DAY_S
            place, day = views[last][1], day_start_s(views[last][0])
            if at_s - first[call.person][place, day] <= DAY_S:
                credited.add((call.person, place, day))
    return n, Counter(place for _, place, _ in credited), after, before
