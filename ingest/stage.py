"""The ingest stage: load what is new, derive customers and journeys, audit the night."""

from __future__ import annotations

from dataclasses import dataclass

from ingest import audits
from ingest.arrival import Arrival, Mark, arrival, restated
from ingest.derive import derive, undeclared
from ingest.load import Loaded, load
from ingest.requarantine import requarantine
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


def replay(site: Site, store: Store, as_of: str, source: str) -> Outcome:
    """The stage of `requarantine`: replay quarantined lines of one source or of all (""), then derive."""
    asked = parse_night(as_of)
    mark = Mark.of(store)
    replayed = requarantine(site, store, source)
    night = derive(site, store, asked)
    return Outcome(
        summary=f"{site.name}: {replayed.n_lines} lines were in quarantine, {replayed.n_left} are left, "
        f"events up to {night}",
        night=night,
        figures={"n_replayed": replayed.n_lines, "n_left": replayed.n_left},
        restated=restated(store, mark, site.settings.site.timezone),
        audits=audits.run(site, store),
    )
