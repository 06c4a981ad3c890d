"""What a finding's picture is drawn from, as fields of its record: its place among its peers, hours around a moment.

The fields speak for themselves (units, hours), so that a report draws any kind that has them (reports/page_picture.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mining.shrinkage import PEERS_MIN, Floats

AMONG_PEERS, AROUND = "among_peers", "around"
"""The fields' names in `extra`."""
SIDE_HOURS = 24
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
Hour = tuple[int, int, Sequence[int]]


def among_peers(own: tuple[float, float, float], peers: Floats, unit: str) -> dict[str, Any] | None:
    """The spread of the peers as quantiles (none is told by itself), and `own` (value, low, high) in the same unit.
    None with fewer than 8 peers."""
    if len(peers) < PEERS_MIN:
        return None
    quantiles = [round(float(value), 4) for value in np.quantile(peers, _QUANTILES)]
    value, low, high = (round(float(number), 4) for number in own)
    return {"unit": unit, "value": value, "low": low, "high": high, "peers": quantiles, "n_peers": len(peers)}


def around(hours: Iterable[Hour], few: int, unit: str, moment: str) -> dict[str, Any] | None:
    """Counts in the hours before and after a moment. `hours`: (hour, events, customers), the hour from -24 to 23, 0 the
    first after the moment. Hours are joined, from the moment outwards, until each bar has `few` customers; None where
    a side that has events has fewer."""
    known = {hour: (n, set(customers)) for hour, n, customers in hours}
    sides = []
    for order in (range(-1, -SIDE_HOURS - 1, -1), range(SIDE_HOURS)):
        bars = _joined([(hour, *known.get(hour, (0, set()))) for hour in order], few)
        if bars is None:
            return None
        sides.append(bars)
    return {"unit": unit, "moment": moment, "bars": [*reversed(sides[0]), *sides[1]]}


def _joined(hours: Sequence[tuple[int, int, set[int]]], few: int) -> list[list[int]] | None:
    """[from, to, events] of one side, the hours from the moment outwards; a side without events is one bar of none."""
    bars: list[list[int]] = []
    begun: list[int] = []
    n, customers = 0, set[int]()
    for hour, n_events, who in hours:
        begun.append(hour)
        n, customers = n + n_events, customers | who
        if len(customers) >= few:
            bars.append([min(begun), max(begun) + 1, n])
            begun, n, customers = [], 0, set()
    if begun and not bars:
        return None if n else [[min(begun), max(begun) + 1, 0]]
    if begun:
        low, high, n_last = bars.pop()
        bars.append([min([low, *begun]), max([high, *(hour + 1 for hour in begun)]), n_last + n])
    return bars
