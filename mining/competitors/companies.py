"""Which company a row is about: our own is US, and a name is one company in whichever case it is written."""

from __future__ import annotations

from collections.abc import Iterable

from mining.competitors.tables import Row

US = "us"
"""The company of our own rows; the site's name is taken for it too."""


class Companies:
    """The companies of all research files, each by its name as it was first written."""

    def __init__(self, ours: Iterable[str] = ()) -> None:
        """`ours`: names that are our own, beside US."""
        self._names = {name.strip().casefold(): US for name in (US, *ours)}

    def of(self, row: Row) -> str:
        """The company of a row."""
        name = row.name("company")
        return self._names.setdefault(name.casefold(), name)
