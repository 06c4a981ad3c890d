"""Research on competitors with planted gaps (world W10): mystery shops, surveys, published figures, as CSV files.

A shop's total time is drawn first and then split over its steps, so that the ratio of geometric means between two
companies is the planted one whatever steps they have; shares differ by the planted points in every stratum. So the true
gaps do not depend on how strata are weighted. Shoppers differ: their resolved share is beta, their pace lognormal,
with the intraclass correlation `icc`.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy import special
from world_io import write
from world_random import Draws

COLUMNS = {
    "shops.csv": (
        "shop_id", "company", "wave", "shopper_id", "scenario", "channel", "started_at", "step_no", "step",
        "step_started_at", "step_ended_at", "wait_s", "resolved", "note",
    ),
    "survey.csv": (
        "company", "wave", "metric", "scale", "n", "mean", "sd", "n_top", "population", "mode", "fielded_from",
        "fielded_to", "question_text",
    ),
    "kpi.csv": ("company", "kpi", "value", "unit", "period", "definition_text", "source", "n"),
    "steps_map.csv": ("company", "step", "our_step", "match"),
}  # fmt: skip
SPREAD = 0.5
"""Standard deviation of the logarithm of a shop's minutes."""


@dataclass(frozen=True)
class Act:
    """A step of an errand: what we call it, our step of the dictionary ('' = none), what others call it, its part of
    the time. A side that calls it nothing does not have it. `is_extra`: not every shop is asked for it."""

    ours: str
    step: str
    theirs: str
    part: float
    is_extra: bool = False


@dataclass(frozen=True)
class Errand:
    """A scenario in a channel: its steps, the median of its minutes, of its wait, how often it is settled at once."""

    scenario: str
    channel: str
    minutes: float
    wait_min: float
    resolved: float
    acts: tuple[Act, ...]
    hours: tuple[int, int] = (8, 20)
    theirs: float = 1.0
    """Their minutes over ours, beside what is planted for the company."""


_SIGN_IN = Act("Log in", "login", "Sign in", 1.0, True)
_NUMBER = Act("Give the customer number", "login", "Say your customer number", 0.6, True)
ERRANDS = (
    Errand("order_a_jacket", "web", 6.0, 0.0, 0.80, (
        Act("Open the home page", "view_home", "Landing page", 0.5),
        Act("Search", "search", "Search box", 1.0),
        Act("Look at the product", "view_product", "Product page", 2.0),
        Act("Put it in the cart", "add_to_cart", "Add to basket", 0.3),
        _SIGN_IN,
        Act("Enter the address", "checkout_address", "Address and delivery", 1.5),
        Act("Choose the delivery", "checkout_delivery", "Delivery slot", 0.6),
        Act("Pay", "pay", "Pay now", 1.0),
    )),
    Errand("where_is_my_order", "web", 2.0, 0.0, 0.75, (
        Act("Open the home page", "view_home", "Landing page", 0.4),
        _SIGN_IN,
        Act("Check where the parcel is", "track", "Parcel page", 1.0),
    )),
    Errand("where_is_my_order", "phone", 7.0, 2.5, 0.70, (
        Act("Listen to the menu", "", "Voice menu", 1.0),
        _NUMBER,
        Act("Ask where the parcel is", "call_status", "Ask the agent", 3.0),
    ), (9, 17)),
    Errand("send_it_back", "phone", 8.0, 2.5, 0.65, (
        Act("Listen to the menu", "", "Voice menu", 1.0),
        _NUMBER,
        Act("Ask to send it back", "call_returns", "Ask for a label", 3.0),
    ), (9, 17)),
)  # fmt: skip
SCENARIOS = """# By which of our steps the log knows the errands of the mystery shops.
[[scenario]]
scenario = "order_a_jacket"
label = "Order a jacket"
steps = ["checkout_address"]

[[scenario]]
scenario = "where_is_my_order"
label = "Ask where the order is"
steps = ["call_status", "track"]

[[scenario]]
scenario = "send_it_back"
label = "Send it back"
steps = ["call_returns"]
"""


@dataclass(frozen=True)
class Planted:
    """A company's true gaps against us: ours less theirs of the share settled at once and of the share asked for the
    extra step; ours over theirs of minutes; ours less theirs of the wait in minutes (phone)."""

    resolved: float = 0.0
    minutes: float = 1.0
    extra: float = 0.0
    wait: float = 0.0


@dataclass(frozen=True)
class Fieldwork:
    """One wave: who is shopped how often, by how many shoppers each, from when, for how many days."""

    wave: str
    began: dt.date
    days: int
    shops: Mapping[str, int]
    shoppers: int = 10


@dataclass(frozen=True)
class ResearchWorld:
    """What is planted. `companies` without ourselves; extra_ours: share of our shops with the extra step."""

    seed: int
    companies: Mapping[str, Planted]
    waves: tuple[Fieldwork, ...]
    icc: float = 0.2
    extra_ours: float = 0.9
    errands: tuple[Errand, ...] = ERRANDS
    surveys: tuple[tuple[object, ...], ...] = ()
    kpis: tuple[tuple[object, ...], ...] = ()
    scenarios: str = SCENARIOS
    note: str = ""


def write_research(folder: Path, world: ResearchWorld) -> None:
    """Write the files of a site's process/competitors."""
    tables: dict[str, Sequence[Sequence[object]]] = {
        "shops.csv": [row for wave in world.waves for row in _shops(world, wave)],
        "survey.csv": world.surveys,
        "kpi.csv": world.kpis,
        "steps_map.csv": _map(world),
    }
    for name, rows in tables.items():
        if rows:
            write(folder / name, to_csv(COLUMNS[name], rows))
    write(folder / "scenarios.toml", world.scenarios.encode())


def to_csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """A CSV file with a header line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()


def _map(world: ResearchWorld) -> list[tuple[str, ...]]:
    """Every step of every company, ours too; what has no counterpart says so."""
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    for company in ("us", *world.companies):
        for act in (act for errand in world.errands for act in errand.acts):
            name = act.ours if company == "us" else act.theirs
            match = "none" if not act.step else "exact" if company == "us" else "close"
            if name:
                rows.setdefault((company, name), (company, name, act.step, match))
    return list(rows.values())


def _shops(world: ResearchWorld, wave: Fieldwork) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for company, n in wave.shops.items():
        planted = Planted() if company == "us" else world.companies[company]
        draws = Draws(world.seed, f"shops of {company} in {wave.wave}")
        skill = [draws.u() for _ in range(wave.shoppers)]
        pace = [SPREAD * math.sqrt(world.icc) * _normal(draws) for _ in range(wave.shoppers)]
        for number in range(n):
            shopper = number % wave.shoppers
            errand = world.errands[(number // wave.shoppers + number) % len(world.errands)]
            rows += _shop(world, wave, company, planted, errand, draws, number, shopper, skill[shopper], pace[shopper])
    return rows


def _shop(
    world: ResearchWorld,
    wave: Fieldwork,
    company: str,
    planted: Planted,
    errand: Errand,
    draws: Draws,
    number: int,
    shopper: int,
    skill: float,
    pace: float,
) -> list[tuple[object, ...]]:
    share = errand.resolved - planted.resolved
    able = _beta(skill, share, world.icc)
    resolved = "y" if draws.chance(able) else "later" if draws.chance(0.5) else "n"
    noise = SPREAD * math.sqrt(1 - world.icc) * _normal(draws)
    usual = errand.minutes * (1.0 if company == "us" else errand.theirs)
    minutes = usual / planted.minutes * math.exp(pace + noise)
    extra = draws.chance(world.extra_ours - planted.extra)
    named = [act for act in errand.acts if (act.ours if company == "us" else act.theirs)]
    acts = [act for act in named if extra or not act.is_extra]
    wait_s = 0
    if errand.wait_min:
        wait = max(0.0, errand.wait_min - planted.wait) * math.exp(0.6 * _normal(draws))
        wait_s = round(min(60 * wait, 30 * minutes * acts[0].part / sum(act.part for act in acts) + 30 * minutes * 0.4))
    start = _moment(draws, wave, errand)
    total = sum(act.part for act in acts)
    ends = start
    rows: list[tuple[object, ...]] = []
    sides = [60 * minutes * act.part / total for act in acts]
    if wait_s > sides[0]:  # the wait is part of the first step; what it takes more is taken off the others
        over = wait_s - sides[0]
        sides = [float(wait_s), *(side * (1 - over / sum(sides[1:])) for side in sides[1:])]
    elapsed = 0.0
    for place, (act, side) in enumerate(zip(acts, sides, strict=True), 1):
        begins, elapsed = ends, elapsed + side
        ends = start + dt.timedelta(seconds=round(elapsed))
        is_last = place == len(acts)
        rows.append(
            (
                f"{wave.wave}-{company}-{number + 1:03d}", company, wave.wave, f"S{shopper + 1:02d}",
                errand.scenario, errand.channel, _text(start), place, act.ours if company == "us" else act.theirs,
                _text(begins), _text(ends), wait_s if place == 1 else 0, resolved if is_last else "", world.note,
            )
        )  # fmt: skip
    return rows


def _moment(draws: Draws, wave: Fieldwork, errand: Errand) -> dt.datetime:
    day = wave.began + dt.timedelta(days=draws.below(wave.days))
    minute = 60 * errand.hours[0] + draws.below(60 * (errand.hours[1] - errand.hours[0]))
    return dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=minute)


def _text(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _normal(draws: Draws) -> float:
    return float(special.ndtri(min(max(draws.u(), 1e-12), 1 - 1e-12)))


def _beta(u: float, share: float, icc: float) -> float:
    """The shopper's own share at quantile u: beta with this mean and intraclass correlation."""
    if icc <= 0 or not 0 < share < 1:
        return share
    size = (1 - icc) / icc
    return float(special.betaincinv(share * size, (1 - share) * size, u))
