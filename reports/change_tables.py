"""Tables of the page of changes: the paths that a change changed, steps in weekly figures that nobody
declared, and what came of what findings promised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.language import mark, say
from mining.changes.metrics import METRICS, Metric
from mining.context import quoted
from mining.method import Method
from reports import formats
from reports.figures import Figures

MOST_WAYS = 45
"""As many as the difference map draws."""
MOST_STEPS = 12
MOST_FIGURES = 6
_PROMISES = """select promise.*, finding.no_label from change_promise as promise
left join finding using (finding_id) order by day desc, promise.finding_id"""
_CAME = {
    "true": mark("After it the saving is there, as promised; nothing was left as it was to hold it against."),
    "part": mark("After it a part of what was promised is there; nothing was left as it was to hold it against."),
    "none": mark("After it no saving is shown."),
    "worse": mark("After it there is more of it than before."),
    "unpromised": mark("No decision before that day had promised anything."),
    "untold": mark("It can't be told: tonight's data do not show the finding."),
}
_WAYS = """select * from change_way where change_id = $change
order by what = 'same', abs(points) desc, source, target"""
_STEPS = """select * from change_proposed as one
where not exists (select 1 from change_proposed as other where other.step_no = one.step_no and other.change_id <> '')
order by step_no, metric = '', monday, metric, abs(ln((after + 1e-6) / (before + 1e-6))) desc, step"""
_WHAT = {
    "more": mark("more go there"),
    "less": mark("fewer go there"),
    "new": mark("a new way"),
    "gone": mark("nobody goes there"),
}


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A finding that somebody did something about: its words, its page if it has one, and what came of it."""

    title: str
    href: str
    cells: tuple[str, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class Ways:
    """Which paths a change truly changed: a sentence on all of them, and rows of those under their heads. `keys`: what
    the numbers on the map's paths and in its boxes are."""

    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    keys: tuple[str, str]


def ways(figures: Figures, change: str, design: str, labels: Mapping[str, str]) -> Ways | None:
    """Ways on that the change changed; None where nothing could be looked at. `design` as in declared_change."""
    if not figures.store.has_table("change_way"):
        return None
    rows = figures.store.records(_WAYS, {"change": change})
    if not rows:
        return None
    told = [row for row in rows if row["what"] != "same"]
    note = formats.plural(
        len(told),
        "{n} of {of_n} ways on was truly changed.",
        "{n} of {of_n} ways on were truly changed.",
        of_n=len(rows),
    )
    cells = [
        (
            labels.get(row["source"], row["source"]) if row["source"] else say("(the contact begins)"),
            labels.get(row["target"], row["target"]) if row["target"] else say("(the contact ends)"),
            *_shares(row, design),
            f"{formats.signed(100 * row['points'], 1)} "
            f"({formats.interval(formats.signed(100 * row['low'], 1), formats.signed(100 * row['high'], 1))})",
            say(_WHAT[row["what"]]),
        )
        for row in told[:MOST_WAYS]
    ]  # fmt: skip
    return Ways(f"{note} {_about(figures, change, design)}", _heads(design), tuple(cells), _keys(design))


def _shares(row: Mapping[str, Any], design: str) -> tuple[str, str]:
    """Of those who leave the step: by lot without and with the change, else before and after, and the control's."""
    before, after, c_before, c_after = (
        formats.NONE if row[name] is None else formats.share(row[name])
        for name in ("before", "after", "control_before", "control_after")
    )
    if design == "rct":
        return before, after
    return went(before, after), formats.NONE if row["control_before"] is None else went(c_before, c_after)


def _heads(design: str) -> tuple[str, ...]:
    pair = (say("With the change"), say("Left as it was"))
    if design == "rct":
        pair = say("Without the change"), say("With the change")
    return say("After"), say("came next"), *pair, say("Effect in points (interval)"), say("What became of it")


def _keys(design: str) -> tuple[str, str]:
    if design == "rct":
        return (
            say("on a path: share of those who leave the step, without → with the change"),
            say("in a box: times a week, as often as it would be without the change → with it"),
        )
    return say("on a path: share of those who leave the step, before → after"), say(
        "in a box: times a week, before → after"
    )


def _about(figures: Figures, change: str, design: str) -> str:
    """How the ways were compared, or how far apart all moves before and after are."""
    if design == "rct":
        return say("Customers who got it by lot are held against those who did not, in the same weeks.")
    if design == "staggered":
        return say("Each wave is held against those who still waited; told is the mean over the waves.")
    [apart] = figures.store.records("select * from change_distance where change_id = $change", {"change": change})
    return say(
        "Of all moves {apart} go elsewhere than before; were the weeks shuffled, it would be at most {usual} 19 times "
        "in 20.",
        apart=formats.share(apart["distance"]), usual=formats.share(apart["usual"]),
    )  # fmt: skip


def promises(figures: Figures, hrefs: Mapping[str, str]) -> tuple[PromiseRow, ...]:
    """What was promised and what came of it, the last first."""
    if not figures.store.has_table("change_promise"):
        return ()
    return tuple(
        PromiseRow(
            row["title"],
            hrefs.get(row["no_label"] or "", ""),
            (
                formats.date_long(row["day"]),
                _minutes(row["promised"], row["promised_low"], row["promised_high"]),
                _minutes(row["given"], row["given_low"], row["given_high"]),
                formats.NONE if row["before"] is None
                else went(formats.share(row["before"]), formats.share(row["after"])),
            ),
            _verdict(row),
        )
        for row in figures.store.records(_PROMISES)
    )  # fmt: skip


def _minutes(mid: float | None, low: float | None, high: float | None) -> str:
    if mid is None or low is None or high is None:
        return formats.NONE
    digits = 0 if abs(mid) >= 20 else 1
    ends = formats.interval(formats.number(low, digits), formats.number(high, digits))
    return f"{formats.number(mid, digits)} ({ends})"


def _verdict(row: Mapping[str, Any]) -> str:
    if row["verdict"] != "early":
        return say(_CAME[row["verdict"]])
    method = Method()
    return say(
        "Too early: {n_pre} of {pre} full weeks before it and {n_post} of {post} after it are known.",
        n_pre=min(row["n_pre"], method.change_pre_weeks_min),
        pre=method.change_pre_weeks_min,
        n_post=min(row["n_post"], method.change_post_weeks_min),
        post=method.change_post_weeks_min,
    )


def undeclared(figures: Figures) -> tuple[tuple[str, ...], ...]:
    """Steps in weekly figures for which no change is declared, one row each, newest first."""
    if not figures.store.has_table("change_proposed"):
        return ()
    found: dict[int, list[Mapping[str, Any]]] = {}
    for row in figures.store.records(_STEPS):
        found.setdefault(row["step_no"], []).append(row)
    labels = dict(figures.store.rows("select step, label from touch where label is not null"))
    rows = []
    for own in sorted(found.values(), key=lambda own: (min(row["monday"] for row in own), -own[0]["step_no"]))[::-1]:
        told = [_moved(row, labels) for row in own[:MOST_FIGURES]]
        if len(own) > MOST_FIGURES:
            left = len(own) - MOST_FIGURES
            told.append(formats.plural(left, "{n} further figure", "{n} further figures"))
        place = own[0]["place"] or (say("visits of the website") if own[0]["of_visits"] else say("all contacts"))
        rows.append((formats.date_long(min(row["monday"] for row in own)), place, "; ".join(told)))
    return tuple(rows[:MOST_STEPS])


def _moved(row: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """A figure that went to another level, or the share of visits or calls that have a step."""
    if row["metric"]:
        metric = METRICS[row["metric"]]
        ends = {"before": level(row["before"], metric), "after": level(row["after"], metric)}
        return say("{metric} {before} to {after}", metric=say(metric.label), **ends)
    ends = {"before": formats.share(row["before"]), "after": formats.share(row["after"])}
    name = quoted(labels.get(row["step"], row["step"]))
    if row["of_visits"]:
        return say("visits that have {step}: {before} to {after}", step=name, **ends)
    return say("calls that have {step}: {before} to {after}", step=name, **ends)


def level(value: float | None, metric: Metric) -> str:
    """A figure in its unit."""
    if value is None:
        return formats.NONE
    return formats.share(value) if metric.is_share else formats.number(value, 2)


def went(before: str, after: str) -> str:
    """From one level to another."""
    return say("{before} to {after}", before=before, after=after)
