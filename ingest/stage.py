"""The ingest stage: load what is new, derive customers and journeys, audit the night."""

from __future__ import annotations

from dataclasses import dataclass

from ingest import audits
from ingest.arrival import Arrival, Mark, arrival
from ingest.derive import derive, undeclared
from ingest.load import Loaded, load
from ingest.run import Outcome, parse_night
from ingest.site import Site
from ingest.store import Store


@dataclass(frozen=True)
class Ingested(Outcome):
    """What the stage came to, and what it found in the inboxes."""

    arrived: Arrival | None = None


def ingest(site: Site, store: Store, as_of: str) -> Ingested:
    """Run the stage. Raises ConfigError, DataGateError (no usable line), StateError (another key)."""
    asked = parse_night(as_of)
    mark = Mark.of(store)
    loaded = load(site, store)
    night = derive(site, store, asked)
    arrived = arrival(store, mark, site.settings.site.timezone)
    n_undeclared, n_events = undeclared(store)
    return Ingested(
        summary=f"{site.name}: {loaded.n_new_files} new of {loaded.n_files} files, {n_events} events up to {night}",
        night=night,
        figures=_figures(loaded, arrived, n_events, n_undeclared),
        restated=arrived.restated,
        audits=audits.run(site, store),
        arrived=arrived,
    )


def _figures(loaded: Loaded, arrived: Arrival, n_events: int, n_undeclared: int) -> dict[str, object]:
    return {
        "n_files": loaded.n_files,
        "n_new_files": loaded.n_new_files,
        "n_refused_files": loaded.n_refused,
        "n_lines": loaded.n_lines,
        "n_events": n_events,
        "n_undeclared": n_undeclared,
        "new": arrived.lines(),
    }
