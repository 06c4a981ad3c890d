"""Their survey results and published figures against ours: the same question only, and nothing that is only claimed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from mining.competitors.compare import DIFFERENCE, SHARE, Comparison, floored
from mining.competitors.estimate import Gap, Interval, newcombe, welch
from mining.competitors.surveys import Answers, Figure
from mining.method import Method

SURVEY, KPI = "survey", "kpi"


@dataclass(frozen=True)
class Beside:
    """A result that stands beside ours and is not compared. why: no_ours, wording, scale, mode, population, reviews,
    spread (no sd and no n_top that both have)."""

    answers: Answers
    why: str


def of_answers(answers: Sequence[Answers], method: Method, night: dt.date) -> tuple[list[Comparison], list[Beside]]:
    """(comparisons of results that asked the same in the same way in the same wave, results that can't be compared)."""
    ours = {(one.wave, *one.wording): one for one in answers if one.is_ours and not one.is_of_reviews}
    pairs: dict[tuple[str, tuple[str, ...]], list[tuple[Answers, Answers]]] = defaultdict(list)
    beside = []
    for theirs in (one for one in answers if not one.is_ours):
        mine = None if theirs.is_of_reviews else ours.get((theirs.wave, *theirs.wording))
        if mine is None:
            beside.append(Beside(theirs, _why(theirs, answers)))
        elif _gap(mine, theirs, method) is None:
            beside.append(Beside(theirs, "spread"))
        else:
            pairs[theirs.company, theirs.wording].append((mine, theirs))
    found = []
    for same in pairs.values():
        same.sort(key=lambda pair: (pair[1].fielded_to, pair[1].wave), reverse=True)
        found += [_compared(*pair, method, night, is_newest=place == 0) for place, pair in enumerate(same)]
    return found, beside


def _why(theirs: Answers, answers: Sequence[Answers]) -> str:
    """What keeps a result from being compared, with that of ours that is nearest to it."""
    if theirs.is_of_reviews:
        return "reviews"
    near = [one for one in answers if one.is_ours and (one.wave, one.metric) == (theirs.wave, theirs.metric)]
    if not near:
        return "no_ours"
    names = ("wording", "scale", "mode", "population")
    best = min(near, key=lambda one: len(_differences(one, theirs)))
    return next(name for name in names if name in _differences(best, theirs) or name == names[-1])


def _differences(mine: Answers, theirs: Answers) -> set[str]:
    pairs = zip(("metric", "scale", "mode", "population", "wording"), mine.wording, theirs.wording, strict=True)
    return {name for name, a, b in pairs if a != b}


def _gap(mine: Answers, theirs: Answers, method: Method) -> tuple[str, float, float, Gap] | None:
    """(shape, our value, their value, gap): of means where both have their spread, else of shares at the top."""
    n_eff = float(mine.n), float(theirs.n)
    if mine.mean is not None and mine.sd is not None and theirs.mean is not None and theirs.sd is not None:
        sides = (mine.mean, mine.sd**2, n_eff[0]), (theirs.mean, theirs.sd**2, n_eff[1])
        gap, interval = welch(*sides)
        return DIFFERENCE, mine.mean, theirs.mean, Gap(gap, interval, n_eff, 0.0, 0.0)
    if mine.n_top is not None and theirs.n_top is not None:
        return _of_shares(mine.n_top / mine.n, theirs.n_top / theirs.n, n_eff, method)
    return None


def _of_shares(mine: float, theirs: float, n_eff: tuple[float, float], method: Method) -> tuple[str, float, float, Gap]:
    def interval(confidence: float) -> tuple[float, float]:
        return newcombe(mine, n_eff[0], theirs, n_eff[1], confidence)

    told: Interval = interval
    return SHARE, mine, theirs, Gap(mine - theirs, told, n_eff, 0.0, method.gap_margin_share)


def _compared(mine: Answers, theirs: Answers, method: Method, night: dt.date, *, is_newest: bool) -> Comparison:
    found = _gap(mine, theirs, method)
    assert found is not None, "results without a gap stand beside"
    shape, ours, other, gap = found
    last = min(mine.fielded_to, theirs.fielded_to)
    return floored(
        Comparison(
            theirs.company,
            SURVEY,
            theirs.metric,
            theirs.wave,
            shape,
            "share of answers at the top" if shape == SHARE else "points of the scale",
            0,
            mine.n,
            theirs.n,
            last,
            (night - last).days,
            ours,
            other,
            gap,
            theirs.question,
            is_newest=is_newest,
            extra={"scale": theirs.scale, "mode": theirs.mode, "population": theirs.population},
        ),
        method,
    )


def of_figures(
    figures: Sequence[Figure], method: Method, night: dt.date
) -> tuple[list[Comparison], list[tuple[Figure, str]]]:
    """(comparisons of published shares that say n and the same definition, claims with what keeps them from a gap).

    A claim's reason: n, definition, period (it names no year), unit (no share), no_ours (we have no figure of the same
    meaning) or '' (compared). Figures have a period and no day: they are as old as the end of the year that it names.
    """
    ours = {one.meaning: one for one in figures if one.is_ours and one.is_comparable}
    found = []
    claims = []
    for one in figures:
        claims.append((one, _lack(one, ours.get(one.meaning))))
        mine = ours.get(one.meaning)
        if one.is_ours or not one.is_comparable or mine is None:
            continue
        n_eff = float(mine.n or 0), float(one.n or 0)
        shape, a, b, gap = _of_shares(mine.value / 100, one.value / 100, n_eff, method)
        last = min(night, dt.date(one.year or night.year, 12, 31))
        found.append(
            floored(
                Comparison(
                    one.company,
                    KPI,
                    one.kpi,
                    one.period,
                    shape,
                    "share, as published",
                    0,
                    int(n_eff[0]),
                    int(n_eff[1]),
                    last,
                    (night - last).days,
                    a,
                    b,
                    gap,
                    one.definition,
                ),
                method,
            )
        )
    return found, claims


def _lack(one: Figure, mine: Figure | None) -> str:
    if one.n is None:
        return "n"
    if not one.definition:
        return "definition"
    if one.year is None:
        return "period"
    if not one.is_comparable:
        return "unit"
    return "" if one.is_ours or mine is not None else "no_ours"
