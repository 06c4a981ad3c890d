"""The world of a website that fails its customers (tests/worldgen/world_web.py), judged like a standard world.

A claim's `rate` is how many times as many calls follow, its `n` the calls that would follow anyway.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

from claims import Claim
from judged import KEPT
from world_random import Draws
from world_web import FAILINGS, NIGHT, PLACES, Made, WebWorld, build_web, true_times

from ingest.derive import derive
from ingest.load import load
from ingest.site import Site
from ingest.store import Store
from mining import analyses, discovery, register, stage

WEB = ("WF0", "WF")
"""Nothing planted but decoys; and five failings beside their decoys."""
SHARES = (0.0, 0.06, 0.12)
_LOOKED_FOR = ("page_calls", "web_failings")


def web_world(name: str, seed: int) -> WebWorld:
    """The recipe of a world: of each failing the share of those who meet it that call, drawn for the seed."""
    calls = {one: SHARES[Draws(seed, f"size of {one}").below(len(SHARES))] for one in FAILINGS}
    return WebWorld(seed, calls=calls if name == "WF" else {})


def judge_web(name: str, seed: int) -> dict[str, Any]:
    """Build the world, run the night on it, note what a judge needs."""
    started = time.perf_counter()
    world = web_world(name, seed)
    folder = Path(tempfile.mkdtemp(prefix="frontstage-truth-"))
    looked_for = [one for one in analyses.scan() if one.name in _LOOKED_FOR]
    try:
        made = build_web(folder, world)
        site = Site(folder)
        site.prepare()
        with (
            Store.open(None, threads=1) as store,
            mock.patch.object(discovery, "discover"),
            mock.patch.object(analyses, "scan", lambda: looked_for),
        ):
            load(site, store)
            derive(site, store, None)
            stage.mine(site, store, NIGHT)
            told = register.read(store)
            n_journeys = store.value("select count(*) from population")
    finally:
        shutil.rmtree(folder)
    return {
        "world": name,
        "seed": seed,
        "customers": world.n_customers,
        "n_journeys": n_journeys,
        "kinds": sorted(kind for one in looked_for for kind in one.kinds),
        "plants": {one: share for one, share in world.calls.items() if share},
        "tally": {},
        "truths": [claim.record() for claim in claims(world, made)],
        "findings": [{key: finding[key] for key in KEPT} | {"tendency": None} for finding in told],
        "seconds": {"all": round(time.perf_counter() - started, 1)},
    }


def claims(world: WebWorld, made: Made) -> list[Claim]:
    """The failings that make customers call."""
    return [
        Claim(one, one, PLACES[one], true_times(world, one), round(world.share_calling() * made.met[one]), 1.0)
        for one in FAILINGS
        if world.calls.get(one)
    ]
