"""Research on competitors for the toy site: one company with enough shops, one with few, one with a handful; rows that
are refused, figures that are only claimed. Fills the tables of the page; makes no findings."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "worldgen"))

from world_research import Act, Errand, Fieldwork, Planted, ResearchWorld, write_research

from ingest.site import Site
from ingest.store import Store
from mining import population
from mining.analyses import competitors
from mining.competitors.research import of_site
from mining.context import Context, read_touch

ERRANDS = (
    Errand("buy", "web", 6.0, 0.0, 0.8, (
        Act("Look at it", "view_product", "Product page", 2.0),
        Act("", "", "Sign up", 1.0),
        Act("Check out", "checkout", "Guest checkout", 1.5),
        Act("Pay", "pay", "Pay now", 1.0),
    ), theirs=0.5),
    Errand("where", "phone", 7.0, 2.5, 0.7, (Act("Ask where it is", "call_status", "Ask the agent", 3.0),), (9, 17)),
)  # fmt: skip
SCENARIOS = """[[scenario]]
scenario = "buy"
label = "Buy something"
steps = ["checkout"]
[[scenario]]
scenario = "where"
label = "Ask where it is"
steps = ["call_status"]
"""
COMPANIES = {"Brava & Sons": Planted(), "Corda": Planted(), "Delta": Planted(), "Erst": Planted()}
WAVE = Fieldwork("W1", dt.date(2026, 2, 1), 20, {"us": 120, "Brava & Sons": 120, "Corda": 24, "Delta": 6}, shoppers=12)
OLD = Fieldwork("W0", dt.date(2024, 6, 1), 20, {"us": 40, "Brava & Sons": 40}, shoppers=8)
ALONE = Fieldwork("W2", dt.date(2026, 2, 2), 9, {"Erst": 12}, shoppers=4)
REFUSED = (
    "z1,Corda,W1,Maria Silva,buy,web,2026-02-03 10:00,1,Pay now,,,,y,\n"
    "z2,Corda,W1,S1,buy,web,3.2.2026 10:00,1,Pay now,,,,y,\n"
)


def world(*, hostile: str = "") -> ResearchWorld:
    """What the files hold; `hostile` is added to each name."""
    claims = (
        ("Brava & Sons", f"On time{hostile}", 97.0, "%", "2025", "", f"banner{hostile}", ""),
        ("us", "On time", 91.0, "%", "2025", "all parcels", "report", 5000),
        ("Corda", "On time", 95.0, "%", "2025", "all parcels", "report", 9000),
    )
    answers = ("effort", "1-7", 300, 5.0, 1.4, "", "buyers", "online", "2026-02-01", "2026-02-09")
    named = {f"{name}{hostile}": planted for name, planted in COMPANIES.items()}
    waves = tuple(
        replace(wave, shops={name if name == "us" else f"{name}{hostile}": n for name, n in wave.shops.items()})
        for wave in (WAVE, OLD, ALONE)
    )
    return ResearchWorld(
        5,
        named,
        waves,
        errands=ERRANDS,
        scenarios=SCENARIOS,
        kpis=claims,
        surveys=(("us", "W1", *answers, "How easy?"), (f"Corda{hostile}", "W1", *answers, f"How hard?{hostile}")),
    )


def plant_research(store: Store, root: Path, frame: Context, *, hostile: str = "") -> None:
    """Write the files below `root`, and fill the tables from them."""
    folder = root / "process" / "competitors"
    write_research(folder, world(hostile=hostile))
    with (folder / "shops.csv").open("a") as file:
        file.write(REFUSED)
    steps = {step: touch.stage for step, touch in read_touch(store).items()}
    store.run("create temporary table customer as select customer_id, count(*) as n_events from event group by all")
    population.prepare(store, frame)
    competitors.find(store, replace(frame, competitors=of_site(Site(root), steps)))
    store.run("drop table customer")
