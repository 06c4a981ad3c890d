"""How long until something happens, where it was not always seen: Kaplan and Meier's estimate, to be drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mining.whatif.reading import Bools, Floats


@dataclass(frozen=True)
class Times:
    """A distribution of times, s: `at_s` ascending, `left` = the share still going after each. What is left after the
    last goes on with a constant hazard, `tail_s` its mean; 0 = it ends there.
    """

    at_s: Floats
    left: Floats
    tail_s: float

    def drawn(self, u: Floats) -> Floats:
        """Times for uniform numbers in (0, 1): a large `u` is an early end."""
        if not len(self.at_s):
            return -self.tail_s * np.log(u) if self.tail_s else np.zeros_like(u)
        # the first moment at which at most u is left
        place = np.searchsorted(-self.left, -u, "left")
        inside = place < len(self.at_s)
        last, left = float(self.at_s[-1]), float(self.left[-1])
        beyond = last - self.tail_s * np.log(np.where(inside, 1.0, u / max(left, 1e-12)))
        return np.where(inside, self.at_s[np.minimum(place, len(self.at_s) - 1)], beyond)

    @property
    def soonest_s(self) -> float:
        """The time by which a tenth is over."""
        return float(self.drawn(np.array([0.9]))[0])


def kaplan_meier(time_s: Floats, is_end: Bools, weight: Floats) -> Times:
    """From times of which some were only seen up to a point (`is_end` false). An end counts before a loss of sight."""
    if not len(time_s) or not (is_end & (weight > 0)).any():
        return Times(np.zeros(0), np.zeros(0), 0.0 if not len(time_s) else 1e9)
    order = np.lexsort((~is_end, time_s))
    t, end, w = time_s[order], is_end[order], weight[order]
    at_risk = w.sum() - np.r_[0.0, np.cumsum(w)[:-1]]
    begins = np.flatnonzero(np.r_[True, t[1:] != t[:-1]])
    ended = np.add.reduceat(w * end, begins)
    left = np.cumprod(1.0 - ended / np.maximum(at_risk[begins], 1e-12))
    told = ended > 0
    # the hazard of all that was seen, for what nobody was seen to reach
    tail = float((w * t).sum() / (w * end).sum())
    return Times(t[begins][told], np.clip(left[told], 0.0, 1.0), tail)


def weighted_sample(values: Floats, weight: Floats, u: Floats) -> Floats:
    """Values of a weighted sample at the quantiles `u`."""
    if not len(values) or weight.sum() <= 0:
        return np.zeros_like(u)
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order])
    place = np.searchsorted(share, u * share[-1], "right")
    return np.asarray(values[order][np.minimum(place, len(values) - 1)])
