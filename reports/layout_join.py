"""Join neighbouring columns of a map that is too wide: what followed to the right then follows below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from reports.layout_order import Weights

_MOST_ROWS = 3
"""Boxes that may share one cell of lane and column where columns were joined."""


def join_columns(
    columns: Mapping[str, int], lane_of: Mapping[str, int], weights: Weights, pinned: Iterable[str], most: int
) -> dict[str, int]:
    """The column of each key when neighbours are joined until at most `most` are left, as far as that can be done.

    Joined first are those that cost no new row, then those whose boxes have least to do with one another. A column with
    a pinned box stays as it is, and no lane gets more than _MOST_ROWS boxes into one cell.
    """
    joined = dict(columns)
    fixed = {columns[key] for key in pinned if key in columns}
    while (last := max(joined.values(), default=0)) >= most:
        free = [column for column in range(last) if not fixed & {column, column + 1}]
        prices = {column: price for column in free if (price := _price(column, joined, lane_of, weights)) is not None}
        if not prices:
            break
        at = min(prices, key=lambda column: prices[column])
        joined = {key: column - (column > at) for key, column in joined.items()}
        fixed = {column - (column > at) for column in fixed}
    return joined


def _price(
    column: int, columns: Mapping[str, int], lane_of: Mapping[str, int], weights: Weights
) -> tuple[int, int, int] | None:
    """(new rows, moves between the two inside a lane, how far left) of joining a column with the next.

    None when a cell would get too full.
    """
    crowd = Counter((lane_of[key], here) for key, here in columns.items())
    rows: Counter[int] = Counter()
    both: Counter[int] = Counter()
    for (lane, here), n in crowd.items():
        rows[lane] = max(rows[lane], n)
        both[lane] += n if here in (column, column + 1) else 0
    if max(both.values()) > _MOST_ROWS:
        return None
    tie = sum(
        weight
        for (source, target), weight in weights.items()
        if lane_of[source] == lane_of[target] and {columns[source], columns[target]} == {column, column + 1}
    )
    return sum(max(0, both[lane] - rows[lane]) for lane in both), tie, -column
