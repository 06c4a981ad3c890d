"""Export: findings and steps as CSV for spreadsheets: UTF-8 with a mark, since Excel asks for it; no cell a formula."""

from __future__ import annotations

from pathlib import Path

from ingest.store import Store
from mining.exporting import copy

NAME = "spreadsheet"
SUMMARY = "findings and steps as CSV that a spreadsheet opens as it should"
IS_INTERCHANGE = False
FILES = ("findings.csv", "steps.csv")
# what a spreadsheet takes for a formula is made text by an apostrophe (OWASP, CSV injection)
_INERT = """create or replace temporary macro inert(plain) as
    case when regexp_matches(plain, '^[=+\\-@\\t\\r\\n]') then '''' || plain else plain end"""
_OPTIONS = "format csv, header, delimiter ',', quote '\"', escape '\"'"
_FINDINGS = """
    select label as "\ufefflabel", kind, status, grade, inert(title) as title, value, low, high, inert(unit) as unit,
        n_customers, n_journeys, customer_min_per_week, company_min_per_week, money_per_week, first_seen, last_seen,
        inert(text_evidence) as text_evidence, inert(text_caution) as text_caution
    from export_finding order by rank_no"""
_STEPS = """
    select inert(touch.step) as "\ufeffstep", inert(touch.label) as label, inert(touch.stage) as stage,
        touch.channel, inert(touch.department) as department, touch.class, touch.actor, touch.visible,
        case when steps.n_customers >= $few then steps.n_events end as n_events,
        case when steps.n_customers >= $few then steps.n_journeys end as n_journeys,
        case when steps.n_customers >= $few then steps.engaged_median_ms end as engaged_median_ms
    from touch left join steps on touch.step = cast(steps.step as varchar) order by touch.step_no"""


def write(store: Store, folder: Path) -> None:
    """Both tables. Of steps that few customers met no number is told."""
    store.run(_INERT, name="inert")
    copy(store, _FINDINGS, folder / "findings.csv", _OPTIONS)
    few = int(store.value("select getvariable('few_customers')"))
    copy(store, _STEPS.replace("$few", str(few)), folder / "steps.csv", _OPTIONS)
