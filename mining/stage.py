"""The mining stage: aggregates, discovery, findings, exports, in this order, from the tables that ingest leaves."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ingest.store import Store
from mining import aggregate, analyses, business_time, context, discovery, intended, population, register
from mining.doubt import with_doubts
from mining.findings import Finding, canonical
from mining.method import Method

if TYPE_CHECKING:
    from ingest.site import Site

log = logging.getLogger("frontstage.mining")


def mine(site: Site, store: Store, night: dt.date) -> None:
    """Mine the warehouse for `night` (the window ends before it) and write the exports of `site`.

    Running it again for the same night on the same data leaves the same tables and the same bytes.
    Raises StateError when the warehouse has no journeys to mine, ConfigError when intended.toml is wrong.
    """
    register.prepare(store)
    frame = make_context(site, store, night)
    aggregate.build(store)
    population.prepare(store, frame)
    discovery.discover(store, frame, site.exports)
    findings = with_doubts(store, find_all(store, frame))
    register.save(store, findings, night)
    register.export(store, site.exports / "findings.json")
    log.info("%d findings, %d confirmed", len(findings), sum(finding.status == "confirmed" for finding in findings))


def make_context(site: Site, store: Store, night: dt.date) -> context.Context:
    """The night's frame from the site's settings and the warehouse."""
    settings = site.settings
    method = replace(Method(), small_cell_customers=settings.privacy.min_cell, merge_setup_min=settings.costs.setup_min)
    touch = context.read_touch(store)
    process = intended.load(site.process, {step: one.label for step, one in touch.items()})
    hours = business_time.load(site.process)
    first, last = context.read_window(store, night)
    extra: dict[str, Any] = {
        "agent_hour": settings.costs.agent_hour,
        "currency": settings.site.currency,
        "intended": canonical(process.source) if process else None,
        "calendar": repr((hours.spans, sorted(hours.holidays))),
    }
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
        hours,
    )


def find_all(store: Store, frame: context.Context) -> list[Finding]:
    """What all analyses of the folder find in the prepared population."""
    return [finding for analysis in analyses.scan() for finding in analysis.find(store, frame)]
