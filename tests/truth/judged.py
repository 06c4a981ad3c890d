"""One standard world through the whole pipeline: raw files, ingest, mining, and what was found beside what is true."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "worldgen")]

from claims import claims, place_of
from true_needs import Steps, truth_of
from world_build import build
from world_record import World
from world_standard import drawn, world

from ingest.derive import derive
from ingest.load import load
from ingest.site import Site
from ingest.store import Store
from mining import analyses, discovery, register, stage

KEPT = ("kind", "status", "where", "n", "effect", "ci", "p", "q", "m", "family", "grade", "cost")
"""What a score needs of a finding's record."""


def judge(name: str, seed: int, customers: int) -> dict[str, Any]:
    """Build the world, run the night on it. The record has the findings, the sizes planted, and what it cost."""
    started = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="frontstage-truth-"))
    try:
        config = world(name, seed, customers)
        made = build(folder, config)
        steps = Steps(folder / "process" / "steps.toml")
        truth = truth_of(made, steps)
        truths = claims(truth, drawn(name, seed))
        built = time.perf_counter()
        findings, n_journeys = mined(Site(folder), config.last_day)
    finally:
        shutil.rmtree(folder)
    for finding in findings:
        if finding["kind"].startswith("loop."):
            place = place_of(finding)
            finding["true_share"] = {
                "need": truth.share(place), "customer": truth.share(place, stretched=True),
            }  # fmt: skip
    return {
        "world": name,
        "seed": seed,
        "customers": config.customers,
        "n_journeys": n_journeys,
        "kinds": sorted({kind for analysis in analyses.scan() for kind in analysis.kinds}),
        "sizes": drawn(name, seed),
        "tally": tally(made),
        "truths": [claim.record() for claim in truths],
        "findings": findings,
        "seconds": {"build": round(built - started, 1), "pipeline": round(time.perf_counter() - built, 1)},
    }


def tally(made: World) -> dict[str, list[int]]:
    """Of each plant: how often it struck, of how many chances, in the recorded days."""
    return {name: [made.tally.affected.get(name, 0), n] for name, n in sorted(made.tally.eligible.items())}


def mined(site: Site, night: dt.date) -> tuple[list[dict[str, Any]], int]:
    """The findings of a site's night, in memory; without the discovered model, which no finding rests on."""
    site.prepare()
    with Store.open(None, threads=1) as store, mock.patch.object(discovery, "discover"):
        load(site, store)
        derive(site, store, None)
        stage.mine(site, store, night)
        found = [{key: finding[key] for key in KEPT} for finding in register.read(store)]
        return found, int(store.value("select count(*) from population"))
