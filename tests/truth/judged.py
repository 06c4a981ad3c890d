"""One standard world through the whole pipeline: raw files, ingest, mining, and what was found beside what is true."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import true_ends
from claims import claims, place_of
from true_ends import GIVING_UP
from true_needs import Steps, Truth, truth_of
from world_build import build
from world_config import Config
from world_record import World
from world_standard import world

from ingest.derive import derive
from ingest.load import load
from ingest.site import Site
from ingest.store import Store
from mining import analyses, discovery, register, stage

KEPT = ("kind", "status", "where", "n", "effect", "ci", "p", "q", "m", "family", "grade", "cost")
"""What a score needs of a finding's record."""

OF_CHANGES = ("W6", "W60", "W6D", "W6S")
"""Worlds of hotlines, whose callers do much that is true and no plant: only the change is judged there."""


@dataclass(frozen=True)
class Loaded:
    """A world after ingest: what it is, what is true of it, and the open warehouse."""

    config: Config
    made: World
    truth: Truth
    site: Site
    store: Store
    seconds: dict[str, float]


def judge(name: str, seed: int, customers: int) -> dict[str, Any]:
    """Build the world, run the night on it. The record has the findings, the sizes planted, and what it cost."""
    looked_for = analyses.scan()
    if name in OF_CHANGES:
        looked_for = [one for one in looked_for if one.name == "change_effects"]
    with loaded(name, seed, customers) as night, mock.patch.object(analyses, "scan", lambda: looked_for):
        return record(night)


@contextmanager
def loaded(name: str, seed: int, customers: int) -> Iterator[Loaded]:
    """Build a world and ingest it, in memory."""
    started = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="frontstage-truth-"))
    try:
        config = world(name, seed, customers)
        made = build(folder, config)
        truth = truth_of(made, Steps(folder / "process" / "steps.toml"))
        built = time.perf_counter()
        site = Site(folder)
        site.prepare()
        with Store.open(None, threads=1) as store:
            load(site, store)
            derive(site, store, None)
            seconds = {"build": built - started, "ingest": time.perf_counter() - built}
            yield Loaded(config, made, truth, site, store, seconds)
    finally:
        shutil.rmtree(folder)


def record(night: Loaded) -> dict[str, Any]:
    """Mine a loaded world (without the discovered model, which no finding rests on); note what a judge needs."""
    started = time.perf_counter()
    config, made, truth = night.config, night.made, night.truth
    with mock.patch.object(discovery, "discover"):
        stage.mine(night.site, night.store, config.last_day)
    told = register.read(night.store)
    findings = [{key: finding[key] for key in KEPT} for finding in told]
    shares = {
        "loop": truth.share,
        "rework": truth.done_again,
        "re_ask": truth.asked_again,
        "duplicate_request": truth.asked_again,
    }
    for finding, whole in zip(findings, told, strict=True):
        if finding["kind"] == "change_effect":
            finding |= {"mde": whole["extra"]["mde"], "text_caution": whole["text_caution"]}
        finding["tendency"] = ((whole.get("extra") or {}).get("tendency") or {}).get("verdict")
        if finding["where"].get("outcome") == GIVING_UP:
            finding["true_rate"] = true_ends.of(truth, whole)
        share = shares.get(finding["kind"].split(".")[0])
        if share is not None:
            place = place_of(finding)
            finding["true_share"] = {"need": share(place)[0], "customer": share(place, stretched=True)[0]}
        if (
            finding["kind"] == "deviation.unexpected"
        ):  # told as "again": two carts of one customer are gone through twice
            where = finding["where"]["step"], finding["where"].get("prev")
            by = {"need": False, "customer": True}
            finding["true_share"] = {
                name: truth.had_again(*where, stretched=stretched)[0] for name, stretched in by.items()
            }
    seconds = night.seconds | {"mining": time.perf_counter() - started}
    return {
        "world": config.standard,
        "seed": config.seed,
        "customers": config.customers,
        "n_journeys": night.store.value("select count(*) from population"),
        "kinds": sorted({kind for analysis in analyses.scan() for kind in analysis.kinds}),
        "plants": {name: value for name, value in asdict(config.plants).items() if value},
        "tally": {name: [made.tally.affected.get(name, 0), n] for name, n in sorted(made.tally.eligible.items())},
        "truths": [claim.record() for claim in claims(truth)],
        "findings": findings,
        "seconds": {part: round(value, 1) for part, value in seconds.items()},
    }
