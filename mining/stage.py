"""The mining stage: aggregates, discovery, findings, exports, in this order, from the tables that ingest leaves."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ingest.language import speaking
from ingest.store import Store
from mining import (
    accepted,
    aggregate,
    analyses,
    business_time,
    context,
    decisions,
    discovery,
    effort,
    exporting,
    intended,
    night_figures,
    population,
    products,
    register,
    savings,
)
from mining.changes import declared, promises
from mining.competitors import research
from mining.doubt import with_doubts
from mining.findings import Finding, canonical
from mining.gaps import with_gaps
from mining.method import Method
from mining.whatif import scenarios

if TYPE_CHECKING:
    from ingest.site import Site

log = logging.getLogger("frontstage.mining")


def mine(site: Site, store: Store, night: dt.date) -> None:
    """Mine the warehouse for `night` (the window ends before it) and write the exports of `site`.

    Running it again for the same night on the same data leaves the same tables and the same bytes.
    Raises StateError when the warehouse has no journeys to mine, ConfigError when intended.toml is wrong.
    """
    with speaking(site.settings.site.language):
        _mine(site, store, night)


def _mine(site: Site, store: Store, night: dt.date) -> None:
    register.prepare(store)
    frame = make_context(site, store, night)
    aggregate.build(store)
    decide(site, store, frame, night)
    standings = decisions.read(store, night)
    known, unknown = accepted.by_id(accepted.load(site.process / "accepted.toml"), register.labels(store))
    for name in unknown:
        log.warning("process/accepted.toml: %s means no finding of this site; see exports/findings.json", name)
    standing = frozenset(finding_id for finding_id, one in standings.items() if one.is_confirmed)
    frame = replace(frame, confirmed=standing, known=frozenset(standings))
    population.prepare(store, frame)
    effort.build(store, frame)
    night_figures.remember(store, night)
    discovery.discover(store, frame, site.exports)
    found = with_doubts(store, find_all(store, frame))
    carried = decisions.carried(found, standings, decisions.date_for(night), known)
    findings = promises.follow(store, frame, savings.settle(store, carried), known)
    register.save(store, findings, night)
    decisions.write_ledger(store, standings, known)
    register.export(store, site.exports / "findings.json")
    exporting.write_nightly(site, store)
    log.info("%d findings, %d confirmed", len(findings), sum(finding.status == "confirmed" for finding in findings))


def decide(site: Site, store: Store, frame: context.Context, night: dt.date) -> None:
    """Hold the decision that is due up to `night`, unless an earlier night did or the data are too short for it."""
    due = decisions.date_for(night)
    window = decisions.window_of(due, frame.window_from, site.settings.decisions.window_days)
    if window is None or decisions.is_held(store, due, night, frame.config_hash):
        return
    known = frozenset(decisions.read(store, due - dt.timedelta(days=2)))
    closed = replace(frame, window_from=window[0], window_to=window[1], known=known)
    population.prepare(store, closed)
    found = with_doubts(store, find_all(store, closed))
    decisions.write(store, closed, night, with_gaps(store, site.settings.journeys, closed, found))
    for marks in ("finding_variant", "finding_journey"):
        store.run(f"delete from {marks}", name=marks)


def make_context(site: Site, store: Store, night: dt.date) -> context.Context:
    """The night's frame from the site's settings and the warehouse."""
    settings = site.settings
    costs = settings.costs
    method = replace(
        Method(),
        small_cell_customers=settings.privacy.min_cell,
        merge_setup_min=costs.setup_min,
        reading_min=costs.reading_min,
        switch_min=costs.switch_min,
    )
    touch = context.read_touch(store)
    process = intended.load(site.process, {step: one.label for step, one in touch.items()})
    hours = business_time.load(site.process)
    changes = declared.load(site.process)
    first, last = context.read_window(store, night)
    extra: dict[str, Any] = {
        "agent_hour": settings.costs.agent_hour,
        "currency": settings.site.currency,
        "decision_window_days": settings.decisions.window_days,
        "intended": canonical(process.source) if process else None,
        "ask_min": costs.ask_min,
        "order_value": costs.order_value,
        "calendar": repr((hours.spans, sorted(hours.holidays))),
    }
    if settings.products:
        extra["products"] = settings.products.model_dump()
    if changes:
        extra["changes"] = [one.model_dump(mode="json") for one in changes]
    return context.Context(
        method,
        first,
        last,
        touch,
        settings.costs.agent_hour,
        settings.site.currency,
        process,
        method.config_hash(extra),
        context.read_input_hash(store),
        costs.ask_min,
        costs.order_value,
        settings.site.timezone,
        hours,
        products=products.of_site(site),
        competitors=research.of_site(site, {step: one.stage for step, one in touch.items()}),
        scenarios=tuple(scenarios.load(site.process)),
        changes=changes,
    )


def find_all(store: Store, frame: context.Context) -> list[Finding]:
    """What all analyses of the folder find in the prepared population."""
    return [finding for analysis in analyses.scan() for finding in analysis.find(store, frame)]
