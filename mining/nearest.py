"""The nearest moment of the same group before or after another one, for whole columns at once.

A moment's key is ordered by group, then time: complex numbers are, and hold whole numbers below 2^53 exactly (µs since
1970 until the year 2255). So one binary search in sorted keys does what SQL sorts both sides for (ASOF).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.complex128]
NONE = -1


def keys(group: npt.NDArray[np.integer], at_us: Ints) -> Keys:
    """One key per moment; `group` below 2^53."""
    out = np.empty(len(at_us), dtype=np.complex128)
    out.real, out.imag = group, at_us
    return out


def before(known: Keys, asked: Keys, *, or_at: bool = False) -> Ints:
    """By asked moment: the last place in the sorted `known` of its group that is earlier, NONE where there is none."""
    return _own(known, asked, np.searchsorted(known, asked, side="right" if or_at else "left") - 1)


def after(known: Keys, asked: Keys) -> Ints:
    """By asked moment: the first place in the sorted `known` of its group that is later, NONE where there is none."""
    return _own(known, asked, np.searchsorted(known, asked, side="right"))


def _own(known: Keys, asked: Keys, at: Ints) -> Ints:
    if not len(known):
        return np.full(len(asked), NONE)
    inside = np.clip(at, 0, len(known) - 1)
    is_own = (at == inside) & (known.real[inside] == asked.real)
    return np.where(is_own, at, NONE)
