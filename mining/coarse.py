"""Steps of which only the day is known: every order that they may have had (method notes 2.2 rule 5, 3.6).

The warehouse sorts such a step to the end of its day, which is a guess. Here a journey's pattern (see coarse.sql) says
which of its steps lie on such a day; those with a time of their own keep their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from mining.step_grammar import MAX_ANY_ORDER

_DAYS = re.compile(r"[CF][cf]*|\.+")


def orders(
    steps: Sequence[str], pattern: str, at_most: int, counts: Callable[[str], bool] = lambda _: True
) -> list[tuple[str, ...]] | None:
    """The orders of those `steps` that `counts`, each once, the stored one first; None when there are too many.

    Too many: more than `at_most`, or a day with more than 8 steps that count.
    """
    out: dict[tuple[str, ...], None] = {(): None}
    for match in _DAYS.finditer(pattern):
        part = [(steps[at], pattern[at] in "Cc") for at in range(*match.span()) if counts(steps[at])]
        if match.group()[0] == ".":
            ways = {tuple(step for step, _ in part): None}
        elif len(part) > MAX_ANY_ORDER:
            return None
        else:
            ways = dict.fromkeys(_day([s for s, free in part if not free], [s for s, free in part if free]))
            stored = tuple(step for step, _ in part)
            ways = dict.fromkeys([stored, *ways])
        if len(out) * len(ways) > at_most:
            return None
        out = {(*before, *way): None for before in out for way in ways}
    return list(out)


def _day(fixed: Sequence[str], free: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All orders of one day: `fixed` keep theirs, `free` may stand anywhere."""
    if not free:
        yield tuple(fixed)
        return
    for rest in _day(fixed, free[1:]):
        for at in range(len(rest) + 1):
            yield (*rest[:at], free[0], *rest[at:])
