"""The outcomes page: each bad end of the site, how often it comes, and the few typical paths that lead up to it.

Shares are `outcome_path`'s (mining/analyses/outcome_paths.py): of customers kept apart from the search, each journey in
one line only, so that the lines of an outcome add up to all of its journeys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ingest.language import say
from mining.hazard_counts import GIVING_UP
from mining.method import Method
from mining.statistics import wilson
from reports import formats
from reports.charts import Axis
from reports.figures import Figures
from reports.path_picture import end_word, path_strip
from reports.plots import interval_dot
from reports.view import Report
from reports.view_facts import bounds
from reports.view_journeys import StepNames, Strip

_READ = """select outcome_path.*, finding.no_label, finding.status
from outcome_path left join finding using (finding_id)
order by outcome_path.n_ended desc, outcome_path.outcome, outcome_path.share desc, outcome_path.path_no"""


_LEAST_AXIS = 0.05
"""The axis holds at least so much of a difference on both sides, so that none looks like much."""


@dataclass(frozen=True, slots=True)
class PathRow:
    """A line: the path (None = all other ways), its cells, the drawing, and what it is as a finding."""

    strip: Strip | None
    cells: tuple[str, ...]
    dot: Markup
    standing: str
    href: str


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """A bad end and its paths; `note` says what the shares are of, or why there are none."""

    id: str
    title: str
    sub: str
    note: str
    rows: tuple[PathRow, ...]


@dataclass(frozen=True, slots=True)
class OutcomesView:
    """What the page shows. `few`: (bad end, journeys) of those with too few journeys to look for paths."""

    headline: str
    lede: str
    outcomes: tuple[OutcomeView, ...] = ()
    few: tuple[tuple[str, ...], ...] = ()
    few_note: str = ""


def build(figures: Figures, report: Report) -> OutcomesView:
    """Read and word."""
    rows = figures.store.records(_READ) if figures.store.has_table("outcome_path") else []
    by_outcome: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_outcome.setdefault(row["outcome"], []).append(row)
    least = Method().path_bad_min
    many = [lines for lines in by_outcome.values() if int(lines[0]["n_ended"]) >= max(least, figures.k)]
    few = [lines for lines in by_outcome.values() if int(lines[0]["n_ended"]) < max(least, figures.k)]
    hrefs = {finding.label: finding.href for finding in report.findings}
    axis = _axis(many)
    return OutcomesView(
        headline=_headline(many, report.names),
        lede=say(
            "For each bad end the few typical paths up to it, against others who stood at the same point, at the same "
            "step and about as far, and did not end so. It goes together; no more."
        )
        if many
        else say(
            "A bad end is a step declared bad in process/steps.toml, or an order given up; paths are looked for from "
            "{n} journeys that end so.",
            n=least,
        ),
        outcomes=tuple(_outcome(lines, report.names, hrefs, axis, number) for number, lines in enumerate(many, 1)),
        few=tuple(
            (
                end_word(lines[0]["outcome"], report.names),
                formats.small_count(int(lines[0]["n_ended"]), figures.k),
            )
            for lines in few
        ),
        few_note=say("Paths are looked for from {n} journeys that end so.", n=least),
    )


def _headline(many: Sequence[list[dict[str, Any]]], names: StepNames) -> str:
    if not many:
        return say("No bad end came often enough to look for paths to it")
    first = many[0][0]
    share = formats.ratio(int(first["n_ended"]), int(first["n_at_risk"]))
    if first["outcome"] == GIVING_UP:
        return say("{share} of the orders that customers begin are given up", share=share)
    return say("{share} of journeys come to “{outcome}”", share=share, outcome=end_word(first["outcome"], names))


def _axis(many: Sequence[list[dict[str, Any]]]) -> Axis:
    values = [row[name] for lines in many for row in lines for name in ("low", "high", "difference")]
    return Axis.over([-_LEAST_AXIS, _LEAST_AXIS, *(value for value in values if value is not None)], factor=100)


def _outcome(
    lines: Sequence[dict[str, Any]], names: StepNames, hrefs: Mapping[str, str], axis: Axis, number: int
) -> OutcomeView:
    first = lines[0]
    n, of_n = int(first["n_ended"]), int(first["n_at_risk"])
    between = bounds(*wilson(n, of_n), "share")
    told = {"n": formats.count(n), "of_n": formats.count(of_n), "share": formats.ratio(n, of_n), "between": between}
    if first["outcome"] == GIVING_UP:
        sub = say("{n} of {of_n} orders that customers began: {share} ({between}).", **told)
    else:
        sub = say("{n} of {of_n} journeys that are over: {share} ({between}).", **told)
    has_paths = any(line["path_no"] for line in lines)
    n_compared = int(first["n_bad"] or 0)
    note = (
        formats.plural(
            n_compared,
            "Shares are of {n} journey of customers kept apart from the search. Each journey is in one line: the first "
            "path that it went, whatever lay between its steps.",
            "Shares are of {n} journeys of customers kept apart from the search. Each journey is in one line: the "
            "first path that it went, whatever lay between its steps.",
        )
        if has_paths
        else say("No path is typical of these journeys: they come from many sides.")
    )
    rest = [line for line in lines if not line["path_no"]]
    ordered = [line for line in lines if line["path_no"]] + rest if has_paths else []
    return OutcomeView(
        f"outcome-{number}",
        end_word(first["outcome"], names),
        sub,
        note,
        tuple(_row(line, names, hrefs, axis) for line in ordered),
    )


def _row(line: dict[str, Any], names: StepNames, hrefs: Mapping[str, str], axis: Axis) -> PathRow:
    has_interval = line["low"] is not None
    between = f" ({bounds(line['share_low'], line['share_high'], 'share')})" if has_interval else ""
    ends = formats.interval(formats.signed(100 * (line["low"] or 0), 1), formats.signed(100 * (line["high"] or 0), 1))
    difference = formats.signed(100 * line["difference"], 1)
    tone = "cost" if has_interval and line["low"] > 0 else "neutral"
    is_rest = not line["path_no"]
    return PathRow(
        None if is_rest else path_strip(line["steps"], line["outcome"], names),
        (
            f"{formats.share(line['share'])}{between}",
            formats.share(line["others"]),
            f"{difference} ({ends})" if has_interval else difference,
        ),
        Markup("") if is_rest else interval_dot(line["difference"], line["low"], line["high"], axis, tone, 0.0),
        "" if is_rest else _standing(line),
        hrefs.get(line["no_label"] or "", ""),
    )


def _standing(line: dict[str, Any]) -> str:
    if line["status"] == "confirmed":
        return say("{finding}, confirmed", finding=line["no_label"])
    if line["status"] == "candidate":
        return say("{finding}, a candidate", finding=line["no_label"])
    if line["status"]:
        return say("not shown on other customers")
    return say("typical; others go it as often")
