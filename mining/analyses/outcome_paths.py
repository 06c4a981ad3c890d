"""The few typical paths to each bad outcome, against journeys that did not end so (method note 6, kind `outcome_path`).

What an outcome is: mining/hazard_counts.py (declared `bad`, or an order given up). A path is up to five steps in their
order, whatever lies between; how ways are read up to the outcome: mining/routes.py. Up to four paths are looked for in
the discovery parts (mining/path_search.py) and measured in the customers kept apart, always: shares of the bad journeys
that went each path, of those that stood at the same point and did not end so, and the difference, customers as clusters
(mining/path_shares.py). Each journey is credited to one path, so shares add up; `outcome_path` keeps them for the
report, also of typical paths that others go as often.

Of these, paths that bad journeys went more often than others who stood at the same point become findings. Floors: 30
bad journeys, 10 on the path, 10 of its customers. Gate: at least 5 points above the others among those kept apart
(below tolerance otherwise), interval above 0. Family = the outcome; candidate by BH, confirmed by Holm. Grade C: it
goes with the outcome, after accounting for where journeys stood, and for nothing else. A journey may have gone a path
because it was bound to end so.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.language import mark, say
from ingest.store import Store
from mining import evidence, marked, path_words
from mining.context import Context
from mining.deciding import Decision, decide
from mining.evidence import Reach
from mining.findings import Finding, identity, seed_of
from mining.hazard_counts import Outcome
from mining.path_search import search
from mining.path_shares import Moments, Path, Share, completed, exposure, moments, shares, went
from mining.population import SPLITS, Scope
from mining.power import POWER
from mining.rates import Rate, n_part
from mining.route_ways import Bools, Ways, read_ways
from mining.routes import Routes, bad_outcomes, read
from mining.statistics import needed_for_floor, normal_quantile

NAME = "outcome_paths"
KIND = "outcome_path"
KINDS = (KIND,)
SUMMARY = "the few typical paths to each bad outcome, against journeys at the same point that did not end so"
READS = ("journey_event", "journey", "journey_metrics", "touch")

EFFECT = mark("share of bad journeys on the path, above that of others at the same point")
_SCOPE = Scope(keep_truncated=False, recorded=True)
_KEPT = "insert into outcome_path by name select * from incoming_paths"


@dataclass(frozen=True)
class OutcomePath:
    """A path to an outcome, with its share in each split. `number`: its place among the outcome's, from 1."""

    outcome: Outcome
    number: int
    steps: tuple[str, ...]
    told: dict[str, Share]
    n_customers: int
    kind: str = KIND

    @property
    def place(self) -> str:
        """Its name in `chance`."""
        return f"{self.outcome.name}|{self.number}"

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return where(self.outcome, self.steps)

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)

    @property
    def rate(self) -> Rate:
        """Of the bad journeys, those on the path."""
        return Rate(
            {split: float(one.hits) for split, one in self.told.items()}, {s: one.n for s, one in self.told.items()}
        )


def where(outcome: Outcome, steps: tuple[str, ...]) -> dict[str, Any]:
    """The place of a path's finding."""
    return {"outcome": outcome.name, "path": list(steps)}


@dataclass(frozen=True)
class Looked:
    """What was found of an outcome: its routes, the paths with their shares in every split; what goes none of them, and
    how many customers kept apart do."""

    routes: Routes
    seen: Moments
    paths: list[Path]
    found: list[OutcomePath]
    rest: dict[str, Share]
    n_rest: int


def find(store: Store, context: Context) -> list[Finding]:
    """Paths to every bad outcome, as findings; leaves their shares in `outcome_path`."""
    store.run("delete from outcome_path", name="outcome_path")
    findings: list[Finding] = []
    ways = read_ways(store, context)
    bad = bad_outcomes(ways)
    ways.told_without(frozenset())  # most outcomes ask for it: it is made before two threads do
    with ThreadPoolExecutor(2) as pool:  # what numpy does to long columns needs no lock of Python
        for outcome, looked in zip(bad, pool.map(partial(_look, context, ways), bad), strict=True):
            if looked is not None:
                findings += _of_outcome(store, context, outcome, looked)
    return findings


def _look(context: Context, ways: Ways, outcome: Outcome) -> Looked | None:
    """The paths to an outcome; None where it never came."""
    routes, method = read(ways, outcome), context.method
    if routes is None:
        return None
    paths: list[Path] = []
    if routes.n_bad("all") >= method.path_bad_min:
        paths = search(routes, method, partial(_is_known, context, outcome, routes))
    routes = routes.together()
    seen = moments(routes, method.path_at_risk_min)
    return Looked(routes, seen, paths, *_measured(routes, seen, outcome, paths))


def _of_outcome(store: Store, context: Context, outcome: Outcome, looked: Looked) -> list[Finding]:
    method, found = context.method, looked.found
    _keep(store, context, outcome, looked.routes, found, looked.rest, looked.n_rest)
    apart = [one for one in found if one.told["discovery"].difference >= method.path_difference_min]
    if not apart:
        return []
    _chance(store, looked.routes, looked.seen, found, looked.paths)
    family = {one.finding_id: one for one in apart}
    decided = decide(
        method,
        {name: one.told["discovery"].p_value for name, one in family.items()},
        [name for name, one in family.items() if _needed(context, one) is None],
        lambda name: family[name].told["confirm"].p_value,
    )
    shown = marked.publishable(store, context, _SCOPE, KINDS, apart)
    minutes = marked.minutes(store, [one for one, _ in shown])
    return [
        _finding(store, context, one, reach, decided.get(one.finding_id), len(family), minutes[one.place])
        for one, reach in shown
    ]


def _is_known(context: Context, outcome: Outcome, routes: Routes, path: Path) -> bool:
    return identity(KIND, where(outcome, tuple(routes.steps[code] for code in path))) in context.known


def _measured(
    routes: Routes, seen: Moments, outcome: Outcome, paths: list[Path]
) -> tuple[list[OutcomePath], dict[str, Share], int]:
    """The paths with their shares in every split, what goes none of them, and how many customers kept apart do."""
    complete = completed(routes.codes, paths)[routes.way]
    told = {split: shares(routes, seen, complete, split) for split in SPLITS}
    is_hit = went(routes, complete) & exposure(routes, seen, "confirm").is_compared[:, None]
    n_customers = [_customers(routes, is_hit[:, number]) for number in range(len(paths) + 1)]
    found = [
        OutcomePath(
            outcome,
            number + 1,
            tuple(routes.steps[code] for code in path),
            {split: told[split][number] for split in SPLITS},
            n_customers[number],
        )
        for number, path in enumerate(paths)
    ]
    return found, {split: told[split][-1] for split in SPLITS}, n_customers[-1]


def _customers(routes: Routes, fates: Bools) -> int:
    """Customers kept apart who have one of these fates."""
    return int(np.count_nonzero(np.bincount(routes.customer[fates[routes.fate] & routes.in_split["confirm"]])))


def _chance(store: Store, routes: Routes, seen: Moments, found: list[OutcomePath], paths: list[Path]) -> None:
    """Make `chance`: who went each path, with or without ending so."""
    is_credited = went(routes, completed(routes.codes, paths)[routes.way])
    is_compared = exposure(routes, seen, "all").is_compared
    parts = []
    for number, one in enumerate(found):
        is_hit = is_credited[:, number] & is_compared
        on_it = (is_hit | (is_credited[:, number] & ~routes.is_bad))[routes.fate]
        parts.append(
            pa.table(
                {
                    "place": pa.repeat(one.place, int(on_it.sum())),
                    "journey_id": pa.array(routes.journey_id[on_it], pa.uint32()),
                    "hits": pa.array(is_hit[routes.fate][on_it].astype(np.int32)),
                }
            )
        )
    store.put("incoming_chance", pa.concat_tables(parts))
    store.run(
        """create or replace temporary table chance as
        select place, journey_id, 1 as n, hits, 0 as before from incoming_chance order by place, journey_id""",
        name="chance",
    )
    store.drop("incoming_chance")


def _told(found: list[OutcomePath], n_rest: int, few: int) -> list[OutcomePath]:
    """The paths of enough customers; where those of the rest are too few, so that the others would tell of them, the
    smallest path is told with them."""
    told = [one for one in found if one.n_customers >= few]
    n_rest += sum(one.n_customers for one in found if one not in told)
    if told and 0 < n_rest < few:
        smallest = min(told, key=lambda one: (one.n_customers, -one.number))
        told = [one for one in told if one is not smallest]
    return told


def _keep(
    store: Store,
    context: Context,
    outcome: Outcome,
    routes: Routes,
    found: list[OutcomePath],
    rest: dict[str, Share],
    n_rest: int,
) -> None:
    """Write the outcome's paths for the report. Paths of too few customers are told with the rest."""
    method = context.method
    told = _told(found, n_rest, method.small_cell_customers)
    rows: list[dict[str, Any]] = []
    lines = [(one.number, list(one.steps), one.finding_id, one.n_customers, [one.told["confirm"]]) for one in told]
    lines.append((0, [], "", 0, [rest["confirm"], *(one.told["confirm"] for one in found if one not in told)]))
    for number, steps, finding_id, n_customers, parts in lines:
        share, first = sum(part.share for part in parts), parts[0]
        low, high = first.interval(method.confidence)
        share_low, share_high = first.share_interval(method.confidence)
        is_whole = len(parts) == 1 and math.isfinite(first.error)
        rows.append(
            {
                "path_no": number,
                "steps": steps,
                "finding_id": finding_id,
                "n_bad": first.n,
                "hits": sum(part.hits for part in parts),
                "n_customers": n_customers,
                "share": share,
                "share_low": share_low if is_whole else None,
                "share_high": share_high if is_whole else None,
                "others": sum(part.others for part in parts),
                "difference": share - sum(part.others for part in parts),
                "low": low if is_whole else None,
                "high": high if is_whole else None,
            }
        )
    common = {
        "outcome": outcome.name,
        "form": outcome.form,
        "n_ended": routes.n_bad("all"),
        "n_at_risk": routes.n_bad("all") + routes.n_others("all"),
    }
    rows = [row | common for row in rows] or [common | {"path_no": 0}]
    store.put("incoming_paths", pa.Table.from_pylist(rows))
    store.run(_KEPT, name="outcome_path")
    store.drop("incoming_paths")


def _needed(context: Context, one: OutcomePath) -> int | None:
    """None when the floors hold, else how many bad journeys would be needed among all customers."""
    method, told = context.method, one.told["all"]
    needed = [method.path_bad_min] if told.n < method.path_bad_min else []
    part = 1 - method.discovery_parts / 10
    for seen, floor in (
        (one.told["confirm"].hits, math.ceil(method.path_hits_min * part)),
        (one.n_customers, math.ceil(method.path_customers_min * part)),
    ):
        if seen < floor:
            needed.append(needed_for_floor(seen, floor, told.n))
    return max(needed) if needed else None


def _finding(
    store: Store,
    context: Context,
    one: OutcomePath,
    reach: Reach,
    decision: Decision | None,
    m: int,
    minutes: marked.Minutes,
) -> Finding:
    method, told = context.method, one.told["confirm"]
    needed = _needed(context, one)
    decided = decision if decision and needed is None else Decision("not_enough_data", None, None)
    robust = _robust(one)
    low, high = told.interval(method.confidence)
    tested = decided.status
    if tested in ("confirmed", "candidate") and told.difference < method.path_difference_min:
        tested = "below_tolerance"  # what was found is not there among others
    elif tested == "confirmed" and low <= 0:
        tested = "candidate"
    return marked.finding(
        store,
        context,
        one,
        decided,
        status=context.status(one.finding_id, tested, robust),
        grade="C",
        n=n_part(one.rate, reach, "confirm", events=None, n_needed=needed) | {"unit": mark("journeys that ended so")},
        effect={
            "name": EFFECT,
            "value": round(told.difference, 6),
            "unit": mark("share"),
            "baseline": 0.0,
            "direction": "up",
        },
        ci={
            "low": round(low, 6),
            "high": round(high, 6),
            "level": method.confidence,
            "method": say("difference of shares at the same point of the journey, linearised, customers as clusters"),
        },
        cost=_cost(context, one, minutes),
        robustness=robust,
        title=path_words.title(context, one.outcome, one.steps, told),
        text_evidence=path_words.evidence_text(context, told, one.told["all"]),
        text_caution=path_words.caution(one.outcome, needed),
        family=f"{KIND}:{one.outcome.name}",
        m=m,
        extra=_extra(method.confirm_alpha, one),
    )


def _robust(one: OutcomePath) -> dict[str, Any]:
    """The difference without the heaviest customers and with strict identity, as for a share. Where all others went the
    path there is none to be seen: who is known strictly may be so by a login that is on it."""
    parts: dict[str, Any] = {}
    signs = []
    for name, split in (("without_top_1pct_customers", "light"), ("strict_identity", "strict")):
        told = one.told[split]
        if told.n < 30:
            parts[name] = {"reason": say("too few journeys that ended so are left")}
        else:
            parts[name] = {"value": round(told.difference, 6), "n": told.n}
            if told.null_error > 0:
                signs.append((told.interval(0.95)[1] if split == "strict" else told.difference) > 0)
    parts |= {name: {"reason": say(evidence.NOT_CUT)} for name in ("half_gap", "double_gap")}
    return {**parts, "sign_stable": all(signs) if signs else None}


def _cost(context: Context, one: OutcomePath, minutes: marked.Minutes) -> dict[str, Any]:
    """Minutes of the bad journeys on the path, the part of them that is beyond what others would have."""
    cost = evidence.cost_of_minutes(context, *minutes, seed_of(one.finding_id))
    told = one.told["confirm"]
    low, high = told.interval(context.method.confidence)
    parts = {
        name: min(1.0, max(0.0, value / told.share)) if told.share else 0.0
        for name, value in (("low", low), ("mid", told.difference), ("high", high))
    }
    for key in ("customer_min_per_week", "company_min_per_week"):
        if cost[key] is not None:
            scaled = {name: round(cost[key][name] * part, 2) for name, part in parts.items()}
            cost[key] = {**scaled, "unit": "min/week"}
    cost["money_per_week"] = cost["basis"]["money_per_week"] = None
    return evidence.with_money(cost, context)


def _extra(alpha: float, one: OutcomePath) -> dict[str, Any]:
    told, every = one.told["confirm"], one.told["all"]
    smallest = (normal_quantile(1 - alpha) + normal_quantile(POWER)) * told.error
    return {
        "outcome": one.outcome.name,
        "outcome_form": one.outcome.form,
        "path": list(one.steps),
        "share": round(told.share, 6),
        "share_interval": [round(end, 6) for end in told.share_interval(0.95)],
        "share_others": round(told.others, 6),
        "n_ended_all": every.hits,
        "n_went_all": every.hits + every.n_went,
        "adjusted_for": ["step", "how far"],
        "mde": round(smallest, 6) if math.isfinite(smallest) else None,
    }
