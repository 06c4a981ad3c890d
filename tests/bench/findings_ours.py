"""All findings of a night against its DFG and variants: findings_ours.py SITE (a site of tests/worldgen).

The site's night is made beside it, once, and kept (as in report_ours.py). `dfg_s` is what the DFG with times and the variants
take, with the sequences they come from; `night_s` all that mining does on a usual night, `decision_s` what a night adds on
which a decision is held (every fourth Monday): the same once more, over the closed window.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mining  # noqa: F401  first, as in a night: it says how many threads numpy may use

# isort: split
import pandas  # noqa: F401  imported by pyarrow at first use; the clock starts after the imports
from report_ours import night_of

from ingest.store import Store
from mining import aggregate, analyses, stage

DFG = ("journey_sequence", "variant_sequence", "journey_metrics", "dfg", "variants")
spent: defaultdict[str, float] = defaultdict(float)
deciding: list[bool] = []
"""Filled while the decision is held, which looks for all findings over its closed window."""


def timed(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """The same, adding its seconds to `spent`, but for what a decision spends."""

    def run(*arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        result = work(*arguments, **options)
        if not deciding:
            spent[name] += time.perf_counter() - started
        return result

    return run


def decision(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same, marking what happens in it as the decision's."""

    def run(*arguments: Any, **options: Any) -> Any:
        deciding.append(True)
        started = time.perf_counter()
        result = work(*arguments, **options)
        spent["decision"] += time.perf_counter() - started
        deciding.pop()
        return result

    return run


def main() -> None:
    site = night_of(Path(sys.argv[1]))
    found = [replace(one, find=timed(one.name, one.find)) for one in analyses.scan()]
    analyses.scan = lambda: found
    each: dict[str, float] = {}
    build = aggregate.build

    def aggregates(store: Store, **options: Any) -> dict[str, float]:
        seconds = build(store, **options)
        if not deciding:
            each.update(seconds)
        return seconds

    aggregate.build = timed("aggregates", aggregates)
    stage.population.prepare = timed("population", stage.population.prepare)
    stage.discovery.discover = timed("discovery", stage.discovery.discover)
    stage.with_doubts = timed("doubts", stage.with_doubts)
    stage.effort.build = timed("effort", stage.effort.build)
    stage.decide = decision(stage.decide)
    with Store.open(site.warehouse) as store:
        n_events = int(store.value("select count(*) from event"))
        n_moments = int(store.value("select count(*) from journey_event"))
        night = store.value("select value::date from run_fact where name = 'as_of'")
        started = time.perf_counter()
        stage.mine(site, store, night)
        mine_s = time.perf_counter() - started
    result = {
        "n_events": n_events,
        "n_moments": n_moments,
        "dfg_s": sum(each[name] for name in DFG),
        "night_s": mine_s - spent["decision"],
        "decision_s": spent.pop("decision"),
        "each_s": dict(spent),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(result))


main()
