"""World W10: mystery shops of competitors with planted gaps, beside a log whose mix is known.

The log is drawn so that customers come to the errands in shares that differ from the shops'; how often is counted here
by itself, event by event. A claim's `rate` is then ours less theirs of the share settled at once and of the steps, and
ours over theirs of the minutes, each errand's planted gap weighted as customers come. Sizes are drawn for the seed.
"""

from __future__ import annotations

import datetime as dt
import math
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from claims import Claim
from judged import KEPT
from scipy import stats
from world_random import Draws
from world_research import Act, Errand, Fieldwork, Planted, ResearchWorld, write_research

from ingest.site import Site
from ingest.store import Store
from mining import aggregate, population, register, stage
from mining.analyses import competitors

sys.path.append(str(Path(__file__).parents[1] / "mining"))

from mining_log import Ev, Log, St, build

RESEARCH = ("W10", "W10N", "W10S")
"""Planted gaps; companies that differ from us in nothing but names of steps; gaps, and a handful of shops."""
SHOPS = {"W10S": {"us": 12, "Brava": 12, "Corda": 9}}
NIGHT = dt.date(2026, 3, 9)
START = dt.datetime(2026, 1, 12)
DAYS, N_CONTACTS, N_CUSTOMERS = 55, 900, 250
SITE = """[site]
name = "Us"
timezone = "Europe/Berlin"
as_of = "2026-03-09"
[[source]]
name = "web"
adapter = "nginx_combined"
[decisions]
window_days = 98
"""
SIZES = {"resolved": (0.0, 0.15, 0.30), "minutes": (1.0, 1.3, 1.8), "extra": (0.0, 0.4, 0.8)}
ERRANDS = (
    Errand("order", "web", 8.0, 0.0, 0.80, (
        Act("Look", "look", "Product page", 2.0),
        Act("Log in", "login", "Sign in", 1.0, True),
        Act("Pay", "pay", "Pay now", 1.0),
    )),
    Errand("where", "web", 2.0, 0.0, 0.75, (Act("Track", "track", "Parcel page", 1.0),)),
    Errand("where", "phone", 7.0, 2.0, 0.70, (Act("Ask where it is", "ask", "Ask the agent", 1.0),), (9, 17)),
)  # fmt: skip
STEPS = [
    St("look"), St("login"), St("pay"), St("track", stage="receive"),
    St("ask", stage="help", channel="agent", department="Call centre", step_class="contact"),
]  # fmt: skip
SCENARIOS = """[[scenario]]
scenario = "order"
steps = ["pay"]
[[scenario]]
scenario = "where"
steps = ["track", "ask"]
"""
TELLING = {"pay": ("order", "web"), "track": ("where", "web"), "ask": ("where", "phone")}
"""The step that tells an errand in the log, and where it comes."""
SHARES = {"pay": 0.55, "track": 0.15, "ask": 0.30}
Stratum = tuple[str, str, str]


@dataclass(frozen=True)
class Made:
    """A world: its research, its log, and how its customers come by stratum."""

    research: ResearchWorld
    log: Log
    mix: Counter[Stratum]


def research_world(name: str, seed: int) -> Made:
    """The recipe of a world. Company by company a size is drawn for each gap; in W10N all are nothing."""
    companies = {}
    for company in ("Brava", "Corda"):
        sizes = {
            gap: values[Draws(seed, f"{gap} of {company}").below(len(values)) if name != "W10N" else 0]
            for gap, values in SIZES.items()
        }
        companies[company] = Planted(**sizes)
    shops = SHOPS.get(name, {"us": 120, "Brava": 120, "Corda": 90})
    wave = Fieldwork("w", dt.date(2026, 2, 2), 24, shops, shoppers=12)
    theirs = (1.0, 0.6, 1.4) if name != "W10N" else (1.0, 1.0, 1.0)
    errands = tuple(replace(one, theirs=factor) for one, factor in zip(ERRANDS, theirs, strict=True))
    research = ResearchWorld(seed, companies, (wave,), errands=errands, scenarios=SCENARIOS)
    return Made(research, *drawn_log(seed))


def drawn_log(seed: int) -> tuple[Log, Counter[Stratum]]:
    """A log of contacts, and how many of them are of each stratum by the shop's clock (UTC+1 in these weeks)."""
    draws = Draws(seed, "log")
    log, mix = Log([], STEPS, as_of=NIGHT), Counter[Stratum]()
    for number in range(N_CONTACTS):
        u, step = draws.u(), ""
        for step, share in SHARES.items():  # noqa: B007
            u -= share
            if u < 0:
                break
        day, hour = draws.below(DAYS), 8 + draws.below(10)
        at = START + dt.timedelta(days=day, hours=hour - 1, minutes=draws.below(60))
        customer, case = f"c{draws.below(N_CUSTOMERS):04d}", f"j{number:05d}"
        minutes = draws.lognormal(6.0, 0.5)
        end = at + dt.timedelta(minutes=minutes)
        call = case if step == "ask" else None
        log.events.append(Ev(case, step, at, end, customer, engaged_ms=round(60_000 * minutes), call=call))
        mix[(*TELLING[step], "morning" if hour < 12 else "afternoon")] += 1
    return log, mix


def judge_research(name: str, seed: int) -> dict[str, Any]:
    """Write the files, read them, compare, note what a judge needs."""
    started = time.perf_counter()
    made = research_world(name, seed)
    folder = Path(tempfile.mkdtemp(prefix="frontstage-truth-"))
    try:
        write_research(folder / "process" / "competitors", made.research)
        (folder / "site.toml").write_text(SITE)
        with Store.open(None, threads=1) as store:
            build(store, made.log)
            register.prepare(store)
            aggregate.build(store)
            frame = stage.make_context(Site(folder), store, NIGHT)
            population.prepare(store, frame)
            told = [vars(finding) for finding in competitors.find(store, frame)]
            n_journeys = store.value("select count(*) from population")
    finally:
        shutil.rmtree(folder)
    return {
        "world": name,
        "seed": seed,
        "customers": N_CUSTOMERS,
        "n_journeys": n_journeys,
        "kinds": [competitors.KIND],
        "plants": {company: vars(planted) for company, planted in made.research.companies.items()},
        "tally": {},
        "truths": [claim.record() for finding in told if (claim := claim_of(finding, made))],
        "findings": [_record(finding) for finding in told],
        "seconds": {"all": round(time.perf_counter() - started, 1)},
    }


def _record(finding: dict[str, Any]) -> dict[str, Any]:
    """What a score needs. Who is ahead is no part of the place: that the wrong one is would be a wrong sign."""
    kept = {key: finding.get(key) for key in KEPT} | {"tendency": None, "mde": mde(finding)}
    return kept | {"where": {key: value for key, value in finding["where"].items() if key != "ahead"}}


def mde(finding: dict[str, Any]) -> float | None:
    """The gap found with 80 % power at Holm's level, from the width of the interval."""
    holm = finding["extra"].get("ci_holm")
    if holm is None:
        return None
    is_ratio = finding["effect"]["baseline"] == 1.0
    low, high = (math.log(finding["ci"][end]) if is_ratio else finding["ci"][end] for end in ("low", "high"))
    error = (high - low) / 2 / 1.96
    limit = error * (float(stats.norm.ppf(0.5 + holm["level"] / 2)) + 0.84)
    return math.exp(limit) - 1 if is_ratio else limit


def claim_of(finding: dict[str, Any], made: Made) -> Claim | None:
    """What is true of what a finding is about; None of waits, whose true medians have no closed form."""
    company, metric = finding["where"]["company"], finding["where"]["metric"]
    planted = made.research.companies[company]
    counts = [made.mix[tuple(stratum)] for stratum in finding["extra"]["strata"]]
    weights = [
        (stratum, count / sum(counts)) for stratum, count in zip(finding["extra"]["strata"], counts, strict=True)
    ]
    errand = {(one.scenario, one.channel): one for one in made.research.errands}
    if metric == "resolved":
        rate, null = planted.resolved, 0.0
    elif metric == "minutes":
        logs = [w * math.log(planted.minutes / errand[a, b].theirs) for (a, b, _), w in weights]
        rate, null = math.exp(sum(logs)), 1.0
    elif metric == "steps":
        rate, null = planted.extra * sum(w for (a, _, _), w in weights if a == "order"), 0.0
    else:
        return None
    place = frozenset({company, "shops", metric})
    return Claim(metric, competitors.KIND, place, rate, finding["extra"]["n_ours"], null, rate != null)
