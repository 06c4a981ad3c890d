"""The competitors page: our customer process beside theirs, step by step, and what research tells of the difference.

All numbers are mining's (mining/competitors/page_tables.sql); a site without research is told how to add some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.language import say
from mining.method import Method
from mining.sentences import all_of, paragraph
from reports import formats
from reports.competitor_maps import Pair, pair_of, step_label
from reports.competitor_rows import (
    GapRow,
    StepRow,
    beside_rows,
    bias_rows,
    case_rows,
    claim_rows,
    gap_axes,
    gap_row,
    step_rows,
    stratum_rows,
)
from reports.figures import Figures
from reports.view import Report

MOST_COMPANIES, MOST_MAPS, MOST_ROWS = 8, 3, 40
"""Companies that are told one by one, those with maps, lines of any other table."""
_GAPS = """select gap.*, finding.no_label, finding.grade, finding.title
from competitor_gap as gap left join finding using (finding_id)
order by not gap.is_newest, gap.company, gap.instrument = 'kpi', gap.instrument = 'survey', gap.metric, gap.wave"""
_TELLING = ("minutes", "wait", "resolved", "steps")
"""Metrics of shops, those that say most to a manager first."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CompanyView:
    """One company: what comes out, its gaps, both maps with the steps, what was left out, cases where there are few."""

    anchor: str
    name: str
    summary: str
    gaps: tuple[GapRow, ...]
    maps: Pair | None
    steps: tuple[StepRow, ...]
    steps_note: str
    strata: tuple[tuple[str, ...], ...]
    strata_note: str
    cases: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class CompetitorsView:
    """What the page shows. `has_research` False: nothing but what to do."""

    has_research: bool
    headline: str
    lede: str
    companies: tuple[CompanyView, ...] = ()
    notes: tuple[str, ...] = ()
    older: tuple[tuple[str, GapRow], ...] = ()
    beside: tuple[tuple[str, ...], ...] = ()
    claims: tuple[tuple[str, ...], ...] = ()
    bias: tuple[tuple[str, ...], ...] = ()
    files: tuple[tuple[str, ...], ...] = ()
    refused: tuple[tuple[str, ...], ...] = ()
    refused_note: str = ""


def build(figures: Figures, report: Report) -> CompetitorsView:
    """Read and word."""
    tables = _read(figures)
    if not tables["file"]:
        return CompetitorsView(
            False,
            say("There is no research on competitors yet"),
            say(
                "Logs tell how customers fare with us only. What they meet elsewhere takes research: mystery shops, "
                "surveys, published figures. Some of it is enough to begin with."
            ),
        )
    hrefs = {finding.label: finding.href for finding in report.findings}
    gaps = [row for row in tables["gap"] if row["is_newest"]]
    axes = gap_axes(tables["gap"])
    names = list(dict.fromkeys(row["company"] for row in gaps))
    companies = tuple(
        _company(name, number, tables, [gap_row(row, axes, hrefs) for row in gaps if row["company"] == name], figures)
        for number, name in enumerate(names[:MOST_COMPANIES], 1)
    )
    older = [row for row in tables["gap"] if not row["is_newest"]]
    refused = sum(int(row["n_refused"]) for row in tables["file"])
    told = tables["refused"][:MOST_ROWS]
    return CompetitorsView(
        True,
        _headline(gaps),
        say(
            "Our mystery shops beside theirs, by the same script; surveys by the same question. Shops measure what "
            "happens to shoppers, surveys what people say: the two are never averaged, and the log is not compared "
            "with a shop. Cases: ours and theirs; in brackets as many independent shops as tell as much."
        ),
        companies,
        tuple(_notes(tables, len(names))),
        tuple((row["company"], gap_row(row, axes, hrefs)) for row in older[:MOST_ROWS]),
        beside_rows(tables["beside"][:MOST_ROWS]),
        claim_rows(tables["claim"][:MOST_ROWS], report.site),
        bias_rows(tables["bias"][:MOST_ROWS], _scenarios(tables)),
        tuple(_file(row) for row in tables["file"]),
        tuple((row["file"], str(row["line"] or formats.NONE), row["field"], row["told"]) for row in told),
        say(
            "{n} of {of_n} are listed; make config-check names all.",
            n=formats.count(len(told)),
            of_n=formats.count(refused),
        )
        if refused > len(told)
        else "",
    )


def _read(figures: Figures) -> dict[str, list[dict[str, Any]]]:
    """The tables of mining, by the end of their name; empty where mining wrote none."""
    names = (
        "gap",
        "step",
        "move",
        "stratum",
        "case",
        "claim",
        "beside",
        "bias",
        "file",
        "refused",
        "alone",
        "scenario",
    )
    if not figures.store.has_table("competitor_scenario"):
        return {name: [] for name in names}
    order = {"step": "order by company, place", "move": "order by all"}
    tables = {
        name: figures.store.records(f"select * from competitor_{name} {order.get(name, '')}") for name in names[1:]
    }
    return {"gap": figures.store.records(_GAPS), **tables}


def _scenarios(tables: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    return {row["scenario"]: row["label"] for row in tables["scenario"]}


def _headline(gaps: Sequence[Row]) -> str:
    """The finding that says most: where they are ahead, else where we are."""
    for ahead in ("them", "us"):
        found = [row for row in gaps if row["ahead"] == ahead and row["title"]]
        if found:
            first = min(found, key=lambda row: (_TELLING.index(row["metric"]), row["p_holm"], row["company"]))
            return str(first["title"]).rstrip(".")
    if any(row["gap"] is not None for row in gaps):
        return say("No difference between competitors and us is shown")
    return say("The research is too thin for a comparison with competitors")


def _company(
    name: str, number: int, tables: Mapping[str, Sequence[Row]], gaps: Sequence[GapRow], figures: Figures
) -> CompanyView:
    anchor = f"company-{number}"
    own = {key: [row for row in tables[key] if row["company"] == name] for key in ("step", "move", "stratum", "case")}
    touches = figures.store.rows("select step, label, department is null and actor::varchar = 'customer' from touch")
    labels = {step: label for step, label, _ in touches}
    enough = bool(own["step"]) and not own["case"]
    customers = frozenset(step for step, _, is_own in touches if is_own)
    return CompanyView(
        anchor,
        name,
        _summary(name, own["step"], labels, is_few=bool(own["case"])),
        tuple(gaps),
        pair_of(name, anchor, own["step"], own["move"], labels, customers) if enough and number <= MOST_MAPS else None,
        step_rows(own["step"], anchor, labels),
        _steps_note(own["step"]),
        stratum_rows(own["stratum"][:MOST_ROWS], _scenarios(tables)),
        _strata_note(own["stratum"], [row for row in tables["gap"] if row["company"] == name]),
        case_rows(own["case"], name, _scenarios(tables)),
    )


def _summary(name: str, steps: Sequence[Row], labels: Mapping[str, str], *, is_few: bool) -> str:
    """Where they ask less of the customer, and where we do, as far as it can be told."""
    if not steps:
        return say("No shops of {company} and of us are of the same errand, channel and part of the day.", company=name)
    if is_few:
        return say("So few shops give no number: they are listed one by one.")
    more = {
        side: [f"“{step_label(row, labels)}”" for row in steps if row["asks_more"] == side]
        for side in ("ours", "theirs")
    }
    return paragraph(
        say("Where {company} asks less: {steps}.", company=name, steps=all_of(more["ours"])) if more["ours"] else "",
        say("Where we ask less than {company}: {steps}.", company=name, steps=all_of(more["theirs"]))
        if more["theirs"]
        else "",
        "" if any(more.values()) else say("No step is shown to be asked more often by one of the two."),
    )


def _steps_note(steps: Sequence[Row]) -> str:
    if not steps:
        return ""
    return say(
        "Shares are of the shops whose errand anybody meets the step in, and weigh like all that is compared, so they "
        "may differ from the counts on the maps. Who asks more often is told from {least} such shops on each side, by "
        "intervals that allow for the number of steps (Holm).",
        least=Method().gap_ranking_min,
    )


def _strata_note(strata: Sequence[Row], gaps: Sequence[Row]) -> str:
    left = [row for row in strata if row["reason"]]
    is_log = any(row["weights"] == "log" for row in gaps)
    return paragraph(
        say("Weighted as our customers come, by the log.") if is_log else say("Weighted as the shops were planned."),
        formats.plural(len(left), "{n} stratum is left out.", "{n} strata are left out.") if left else "",
    )


def _notes(tables: Mapping[str, Sequence[Row]], n_companies: int) -> list[str]:
    notes = [
        say(
            "{n} shops of ours in wave “{wave}” stand alone: no other company was shopped then.",
            n=formats.count(row["n"]),
            wave=row["wave"],
        )
        if row["company"] == "us"
        else say(
            "{n} shops of {company} in wave “{wave}” are in no comparison: we were not shopped then. Shop us by the "
            "same script.",
            n=formats.count(row["n"]),
            company=row["company"],
            wave=row["wave"],
        )
        for row in tables["alone"][:MOST_ROWS]
    ]
    unknown = [f"“{row['label']}”" for row in tables["scenario"] if not row["is_known"]]
    if unknown:
        notes.append(
            say(
                "The log does not know these errands: {errands}. Name their steps in "
                "process/competitors/scenarios.toml.",
                errands=all_of(unknown[:MOST_ROWS]),
            )
        )
    if n_companies > MOST_COMPANIES:
        notes.append(
            say(
                "Not on this page, after the first {most}: {n} companies. Their findings stand in "
                "exports/findings.json.",
                most=MOST_COMPANIES,
                n=formats.count(n_companies - MOST_COMPANIES),
            )
        )
    return notes


def _file(row: Row) -> tuple[str, ...]:
    return (
        row["file"],
        formats.count(row["n_rows"]),
        formats.count(row["n_refused"]),
        formats.count(row["n_shops_spoiled"]),
    )
