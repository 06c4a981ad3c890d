"""Whether a far window is as busy as the near one: a season that ends would look like customers who call again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Season:
    """The far window to compare with, "after" or "before"; contacts of all customers near, per contact far (None = no
    such day is in the data); and whether that is level enough.
    """

    side: str
    ratio: float | None
    is_level: bool


def choose_side(daily: npt.NDArray[np.int64], days: int, far: int, most: float) -> Season:
    """The side to compare with: after, unless it is out of season and before is less so.

    `daily` = contacts per day, no day left out; `most` bounds the ratio both ways.
    """
    ratios = {side: _ratio(daily, days, far if side == "after" else -far - days - 1) for side in ("after", "before")}

    def off(side: str) -> float:
        ratio = ratios[side]
        return float("inf") if ratio is None or ratio <= 0 else max(ratio, 1 / ratio)

    is_out = ratios["after"] is not None and off("after") > most
    side = "before" if is_out and off("before") < off("after") else "after"
    ratio = ratios[side]
    return Season(side, None if ratio is None else round(ratio, 3), ratio is None or off(side) <= most)


def _ratio(daily: npt.NDArray[np.int64], days: int, offset: int) -> float | None:
    """Contacts in the days 1..days after a contact, per contact in the days offset+1..offset+days, over all contacts
    for which both lie in the data.
    """
    last = len(daily)
    starts = np.arange(max(0, -offset - 1), last - max(days, offset + days))
    if len(starts) == 0:
        return None
    running = np.concatenate([[0], np.cumsum(daily)])
    near = running[starts + days + 1] - running[starts + 1]
    away = running[starts + offset + days + 1] - running[starts + offset + 1]
    weight = daily[starts]
    far_sum = int((weight * away).sum())
    return float((weight * near).sum() / far_sum) if far_sum else None
