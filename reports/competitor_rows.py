"""Tables of the competitors page: gaps with their intervals, steps side by side, and what is not compared.

Numbers are those of mining/competitors/page_tables.sql; here they get their words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ingest.language import mark, say
from mining.competitors.compare import (
    AHEAD,
    ALIKE,
    NO_RANKING,
    NOT_COMPARABLE,
    NOT_SHOWN,
    OLD,
    RATIO,
    SHARE,
    TOO_FEW,
)
from mining.competitors.gap_words import CAUTIONS, METRIC_WORDS
from mining.competitors.of_shops import SHOPS
from mining.competitors.of_surveys import KPI, SURVEY
from reports import formats
from reports.charts import Axis
from reports.competitor_maps import step_label
from reports.map_marks import channel_word
from reports.plots import interval_dot

Row = Mapping[str, Any]
INSTRUMENTS = {SHOPS: mark("Mystery shops"), SURVEY: mark("Survey"), KPI: mark("Published")}
MATCHES = {"exact": mark("the same"), "close": mark("close"), "none": mark("none")}
_VERDICTS = {
    ALIKE: mark("as good as each other, within the margin"),
    NOT_SHOWN: mark("no difference shown"),
    NO_RANKING: mark("too few to say who is better"),
    TOO_FEW: mark("too few for a number"),
    OLD: mark("old or of an older wave: not ranked"),
    NOT_COMPARABLE: mark("too many steps have no counterpart"),
}
_AHEAD = {
    "us": mark("better for the customer with us"),
    "them": mark("better for the customer there"),
    "higher": mark("higher for us"),
    "lower": mark("lower for us"),
}
_TONES = {"us": "save", "them": "cost"}
_LACKS = {
    "n": mark("the number of cases"),
    "definition": mark("a definition"),
    "period": mark("the year it is of"),
    "unit": mark("a share: only shares are compared"),
    "no_ours": mark("a figure of ours with the same definition and period"),
}
_WHYS = {
    "no_ours": mark("nothing of ours in this wave"),
    "wording": mark("other wording"),
    "scale": mark("another scale"),
    "mode": mark("asked in another way"),
    "population": mark("other people asked"),
    "reviews": mark("reviews: who writes them chose to"),
    "spread": mark("no spread and no share at the top that both have"),
}
_REASONS = {
    "ours": mark("we were not shopped so"),
    "theirs": mark("they were not shopped so"),
    "mix": mark("our customers do not come so"),
    "unknown": mark("no step of ours tells the errand"),
}
_DAYPARTS = {
    "night": mark("night"),
    "morning": mark("morning"),
    "afternoon": mark("afternoon"),
    "evening": mark("evening"),
}
SETTLED = {"y": mark("yes"), "later": mark("later"), "n": mark("no"), "": mark("not noted")}


@dataclass(frozen=True, slots=True)
class GapRow:
    """A comparison: cells, the drawing, what comes of it, the finding it is. `is_old`: not of today, greyed."""

    cells: tuple[str, ...]
    dot: Markup
    verdict: str
    cautions: str
    finding: str
    href: str
    is_old: bool


def metric_label(row: Row) -> str:
    """What is compared, as the head of a row."""
    if row["instrument"] == KPI:
        return f"“{row['metric']}”"
    return say(METRIC_WORDS[row["metric"]])


def gap_axes(rows: Sequence[Row]) -> dict[tuple[str, str], Axis]:
    """One axis for all gaps of a shape and unit."""
    ends: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row["gap"] is not None:
            ends.setdefault((row["shape"], row["unit"]), []).extend(_on_axis(row, name) for name in ("low", "high"))
    return {key: Axis.over(values) for key, values in ends.items()}


def _on_axis(row: Row, name: str) -> float:
    value = float(row[name])
    return math.log(max(value, 1e-6)) if row["shape"] == RATIO else value


def gap_row(row: Row, axes: Mapping[tuple[str, str], Axis], hrefs: Mapping[str, str]) -> GapRow:
    """One comparison in words. `hrefs`: finding -> its page."""
    is_old = row["verdict"] == OLD
    told = row["gap"] is not None
    gap = "{} ({})".format(_gap(row, "gap"), formats.interval(_gap(row, "low"), _gap(row, "high"))) if told else ""
    dot = Markup("")
    if told:
        tone = "neutral" if is_old else _TONES.get(row["ahead"], "neutral")
        value, low, high = (_on_axis(row, name) for name in ("gap", "low", "high"))
        dot = interval_dot(value, low, high, axes[row["shape"], row["unit"]], tone, 0.0)
    label = row["no_label"] or ""
    return GapRow(
        (
            say(INSTRUMENTS[row["instrument"]]),
            metric_label(row),
            _value(row, "value_ours"),
            _value(row, "value_theirs"),
            gap or formats.NONE,
            _sample(row),
            row["grade"] or formats.NONE,
        ),
        dot,
        say(_AHEAD[row["ahead"]]) if row["verdict"] == AHEAD else say(_VERDICTS[row["verdict"]]),
        " ".join(say(CAUTIONS[name]) for name in row["cautions"] or ()),
        label if label in hrefs else "",
        hrefs.get(label, ""),
        is_old,
    )


def _value(row: Row, name: str) -> str:
    value = row[name]
    if value is None:
        return formats.NONE
    if row["shape"] == SHARE:
        return formats.share(value)
    if row["shape"] == RATIO or row["metric"] == "wait":
        return formats.minutes(value)
    return formats.number(value, 2 if row["instrument"] == SURVEY else 1)


def _gap(row: Row, name: str) -> str:
    value = float(row[name])
    if row["shape"] == RATIO:
        return f"× {formats.number(value, 2)}"
    if row["shape"] == SHARE:
        return formats.signed(100 * value, 1)
    return formats.signed(value, 2 if row["instrument"] == SURVEY else 1)


def _sample(row: Row) -> str:
    """'72 | 72 (58 | 61)': both sides, and how many independent ones they tell as much as."""
    told = f"{formats.count(row['n_ours'])} | {formats.count(row['n_theirs'])}"
    if row["n_eff_ours"] is None or row["instrument"] != SHOPS:
        return told
    return f"{told} ({row['n_eff_ours']:.0f} | {row['n_eff_theirs']:.0f})"


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of both sides. `more`: ours, theirs or ''."""

    anchor: str
    cells: tuple[str, ...]
    verdict: str
    more: str


def step_rows(rows: Sequence[Row], anchor: str, labels: Mapping[str, str]) -> tuple[StepRow, ...]:
    """The steps in the order in which they are met."""
    return tuple(
        StepRow(
            f"{anchor}-step-{row['place'] + 1}",
            (
                str(row["place"] + 1),
                step_label(row, labels),
                _names(row["names_ours"]),
                _names(row["names_theirs"]),
                say(MATCHES[row["match"] if row["n_ours"] and row["n_theirs"] else "none"]),
                _met(row, "ours"),
                _met(row, "theirs"),
                _step_gap(row),
                _minutes(row["minutes_ours"]),
                _minutes(row["minutes_theirs"]),
            ),
            {"ours": say("we ask it more often"), "theirs": say("they ask it more often")}.get(row["asks_more"], ""),
            row["asks_more"],
        )
        for row in rows
    )


def _names(names: Sequence[str] | None) -> str:
    return ", ".join(f"“{name}”" for name in names or ()) or formats.NONE


def _met(row: Row, side: str) -> str:
    """The weighted share of shops that meet a step; below the floor how many of how many."""
    if row[f"share_{side}"] is not None:
        return formats.share(row[f"share_{side}"])
    return say("{n} of {of_n}", n=row[f"n_{side}"], of_n=row[f"of_n_{side}"])


def _step_gap(row: Row) -> str:
    if row["gap"] is None:
        return formats.NONE
    gap, low, high = (formats.signed(100 * row[name], 1) for name in ("gap", "low", "high"))
    return f"{gap} ({formats.interval(low, high)})"


def _minutes(value: float | None) -> str:
    return formats.NONE if value is None else formats.minutes(value)


def stratum_rows(rows: Sequence[Row], labels: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Which strata count how much, and which are left out and why. `labels`: scenario -> words."""
    return tuple(
        (
            labels.get(row["scenario"], row["scenario"]),
            channel_word(row["channel"]),
            say(_DAYPARTS[row["daypart"]]),
            formats.count(row["n_ours"]),
            formats.count(row["n_theirs"]),
            formats.share(row["weight"]) if row["weight"] is not None else formats.NONE,
            say(_REASONS[row["reason"]]) if row["reason"] else "",
        )
        for row in rows
    )


def case_rows(rows: Sequence[Row], company: str, labels: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Shops one by one, where there are too few for a number."""
    return tuple(
        (
            say("ours") if row["is_ours"] else company,
            labels.get(row["scenario"], row["scenario"]),
            channel_word(row["channel"]),
            say(SETTLED[row["resolved"]]),
            _minutes(row["minutes"]),
            " › ".join(row["way"]),
        )
        for row in rows
    )


def claim_rows(rows: Sequence[Row], ours: str) -> tuple[tuple[str, ...], ...]:
    """Published figures, with what keeps each from being compared."""
    return tuple(
        (
            ours if row["company"] == "us" else row["company"],
            row["kpi"],
            f"{formats.number(row['value'])}{formats.THIN}{row['unit']}",
            formats.count(row["n"]),
            row["period"],
            row["definition"] or formats.NONE,
            row["source"],
            _standing(row["lack"]),
        )
        for row in rows
    )


def _standing(lack: str) -> str:
    return say("as claimed; it lacks {what}", what=say(_LACKS[lack])) if lack else say("with n and definition")


def beside_rows(rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    """Survey results that are not compared, and why."""
    return tuple(
        (
            row["company"],
            say(METRIC_WORDS[row["metric"]]),
            row["wave"],
            _result(row),
            formats.count(row["n"]),
            row["question"],
            say(_WHYS[row["why"]]),
        )
        for row in rows
    )


def _result(row: Row) -> str:
    if row["mean"] is not None:
        return say("{mean} on {scale}", mean=formats.number(row["mean"], 2), scale=row["scale"])
    return say("{share} at the top of {scale}", share=formats.ratio(row["n_top"], row["n"]), scale=row["scale"])


def bias_rows(rows: Sequence[Row], labels: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Our shops beside our log."""
    return tuple(
        (
            labels.get(row["scenario"], row["scenario"]),
            channel_word(row["channel"]),
            formats.count(row["n_shops"]),
            formats.minutes(row["shop_minutes"]),
            formats.count(row["n_contacts"]),
            formats.minutes(row["log_minutes"]),
            f"× {formats.number(row['ratio'], 2)} "
            f"({formats.interval(formats.number(row['low'], 2), formats.number(row['high'], 2))})",
        )
        for row in rows
    )
