"""Our customer process beside competitors', by research of the same kind on both sides (method note 10).

Reading: mining/competitors/research.py. What is compared: of_shops.py, of_surveys.py; statistics: estimate.py.

The note leaves open, and here is decided: a finding is about the newest wave that a company and we have in common; one
of an older wave, or older than a year, is shown and not ranked. Customers are not parted to check it, for shoppers are
none: what is ranked has passed Holm over all companies and metrics, and a decision date confirms it like any other.
"""

from __future__ import annotations

from ingest.store import Store
from mining.competitors import of_shops, of_surveys, page_tables
from mining.competitors.compare import Comparison, judged
from mining.competitors.gap_findings import KIND, finding_of, newest, where_of
from mining.competitors.mix import Mix, read_mix
from mining.competitors.research import Research
from mining.context import Context
from mining.evidence import fold
from mining.findings import Finding, identity

NAME = "competitors"
KINDS = (KIND,)
SUMMARY = "gaps between competitors and us by mystery shops, surveys and published figures, like with like"
READS = ("event", "journey_event", "journey", "touch")


def find(store: Store, context: Context) -> list[Finding]:
    """The gaps of the newest waves; the tables of the competitors page."""
    page_tables.clear(store)
    fold(store, KIND, 0, 0, 0)
    if context.competitors is None:
        return []
    research = context.competitors.before(context.window_to)
    mix = read_mix(store, context, research.scenarios.values())
    comparisons = _compared(store, context, research, mix)
    places = newest(comparisons)
    kept = places[: context.method.stored_per_kind_max]
    fold(store, KIND, len(places), 0, len(places) - len(kept))
    ids = {place: identity(KIND, where_of(comparisons[place])) for place in kept}
    page_tables.write_gaps(store, comparisons, ids, context.method)
    return [
        finding_of(store, context, comparisons[place])
        for place in kept
        if context.wanted is None or ids[place] in context.wanted
    ]


def _compared(store: Store, context: Context, research: Research, mix: Mix) -> list[Comparison]:
    """All comparisons with their verdicts. Writes the tables of what stands beside."""
    method, night = context.method, context.window_to
    waves = list(of_shops.waves(research.shops, mix))
    shopped = [one for wave in waves for one in of_shops.comparisons(wave, research.steps, method, night)]
    surveyed, beside = of_surveys.of_answers(research.answers, method, night)
    published, claims = of_surveys.of_figures(research.figures, method, night)
    page_tables.write_shops(store, waves, research, method, night)
    page_tables.write_bias(store, research, mix, method, night)
    page_tables.write_beside(store, claims, beside, night)
    page_tables.write_files(store, research)
    return judged([*shopped, *surveyed, *published], method)
