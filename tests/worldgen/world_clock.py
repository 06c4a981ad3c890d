"""What happens when: the order in which the generator's event loops let things happen."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable


class Clock:
    """What happens when; of two things at one time, what was planned first."""

    def __init__(self) -> None:
        self._planned: list[tuple[float, int, Callable[[], None]]] = []
        self._n = 0

    def at(self, at_s: float, what: Callable[[], None]) -> None:
        """Plan."""
        self._n += 1
        heapq.heappush(self._planned, (at_s, self._n, what))

    def run(self, before_s: float = math.inf) -> None:
        """Let everything happen that comes before a time."""
        while self._planned and self._planned[0][0] < before_s:
            heapq.heappop(self._planned)[2]()
