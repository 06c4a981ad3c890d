"""Findings looked for again in journeys that are cut at half and at twice the quiet time (method 2.2).

The same analyses run over the same events; only the journeys are others. A finding whose effect falls to its baseline
or is not found at all there hangs on where journeys are cut: it is not confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ingest.language import say
from ingest.recut import night_gap_days, recut
from ingest.settings import JourneySection
from ingest.store import Store
from mining import aggregate, analyses, population
from mining.context import Context
from mining.findings import Finding, holds
from mining.sentences import paragraph

FACTORS = {"half_gap": 0.5, "double_gap": 2.0}
EVENTS_MAX = 2_000_000
"""Of more events than this, journeys are cut anew for a part of the customers."""


def with_gaps(store: Store, settings: JourneySection, context: Context, findings: list[Finding]) -> list[Finding]:
    """The findings; the confirmed ones with `half_gap` and `double_gap`, and as candidates where these turn round."""
    wanted = frozenset(one.finding_id for one in findings if one.status == "confirmed")
    gap = night_gap_days(store)
    if not wanted or gap is None:
        return findings
    kinds = {one.kind for one in findings if one.finding_id in wanted}
    parts: dict[str, dict[str, Any]] = {finding_id: {} for finding_id in wanted}
    for name, factor in FACTORS.items():
        with _cut(store, settings, context, gap * factor, wanted, kinds) as (share, found):
            for finding_id in wanted:
                parts[finding_id][name] = _part(found.get(finding_id), gap * factor, share)
    return [_robust(one, parts[one.finding_id]) if one.finding_id in wanted else one for one in findings]


@contextmanager
def _cut(
    store: Store, settings: JourneySection, context: Context, gap_days: float, wanted: frozenset[str], kinds: set[str]
) -> Iterator[tuple[float, dict[str, Finding]]]:
    """(share of the customers, the wanted findings by id) in journeys cut at `gap_days`."""
    frame = replace(context, wanted=wanted, known=wanted, confirmed=None)
    asked = [analysis for analysis in analyses.scan() if kinds.intersection(analysis.kinds)]
    with store.beside() as beside:
        share = recut(beside, settings, gap_days, EVENTS_MAX)
        # what is not built here would be read from the warehouse, and be about the journeys of the night
        aggregate.build(beside, wanted={"variants", "journey_metrics"}.union(*(one.reads for one in asked)))
        population.prepare(beside, frame)
        beside.run("create table finding_variant (finding_id varchar, variant_id uinteger, amount double)")
        beside.run("create table finding_journey (finding_id varchar, journey_id uinteger, amount double)")
        beside.run("create table data_quality as from data_quality", name="data_quality")
        found = [finding for analysis in asked for finding in analysis.find(beside, frame)]
        yield share, {one.finding_id: one for one in found if one.finding_id in wanted}


def _part(found: Finding | None, gap_days: float, share: float) -> dict[str, Any]:
    """The record's part for one gap. `holds` is None where a part of the customers is too few to tell."""
    about: dict[str, Any] = {"gap_days": round(gap_days, 3), "share_of_customers": round(share, 6)}
    value = None if found is None else found.effect["value"]
    if found is None or value is None:
        return {**about, "reason": say("not found in journeys cut so"), "holds": False if share == 1 else None}
    return {**about, "value": value, "n": found.n["units"], "holds": holds(found.effect, value)}


def _robust(finding: Finding, parts: dict[str, dict[str, Any]]) -> Finding:
    robustness = {**finding.robustness, **parts}
    if any(part["holds"] is False for part in parts.values()):
        robustness["sign_stable"] = False
        return replace(
            finding,
            status="candidate",
            robustness=robustness,
            text_caution=paragraph(finding.text_caution, say("It hangs on how long a quiet time parts two journeys.")),
        )
    return replace(finding, robustness=robustness)
