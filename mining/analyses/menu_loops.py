"""Phone menus that callers hear again in the same call (method note 4.2, IVR loop).

Unit = calls of closed journeys that reach the menu node; a hit is a call that reaches it at least twice. Every visit is
counted, also two within seconds. The decision is that of the other loops (mining.analyses.loops, claim 1): a count with
floors, found in the discovery parts and seen again in the customers kept apart. Minutes are told by the loops of steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.store import Store
from mining import evidence, journey_marks
from mining.context import Context
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.population import SPLITS
from mining.rates import Rate, ci_part, count_text, floor_needed, n_part, sample_sentence, share_text
from mining.seen_again import status_of_count

NAME = "menu_loops"
KINDS = ("loop.self",)
SUMMARY = "phone menus that callers hear again in the same call"
READS = ("journey_event", "event", "journey", "journey_metrics", "touch")

EFFECT = "share of calls that come back to the menu"
_SQL = Path(__file__).parent.parent / "menus.sql"
_COUNTS = """
    select menu, count(*), count(*) filter (is_discovery), count(*) filter (not is_discovery),
        count(*) filter (not is_heavy), count(*) filter (is_strict)
    from menu_visit where n_visits >= $least group by menu"""
_PEOPLE = """
    select menu, count(distinct journey_id), count(distinct customer_id),
        count(distinct customer_id) filter (not is_discovery), sum(n_visits - 1), max(n_visits - 1)
    from menu_visit where n_visits > 1 group by menu order by menu"""


@dataclass(frozen=True)
class Menu:
    """A menu node that some calls come back to."""

    step: str
    rate: Rate
    reach: Reach
    passes: int
    most_passes: int

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return {"menu": self.step, "within": "call"}

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity("loop.self", self.where)


def find(store: Store, context: Context) -> list[Finding]:
    """One finding per menu node that enough callers come back to in a call."""
    store.run(_SQL.read_text(encoding="utf-8"), name="menus")
    counts = {
        least: {row[0]: dict(zip(SPLITS, row[1:], strict=True)) for row in store.rows(_COUNTS, {"least": least})}
        for least in (1, 2)
    }
    menus = [
        Menu(menu, Rate({s: float(n) for s, n in counts[2][menu].items()}, counts[1][menu]), reach, passes, most)
        for menu, reach, passes, most in (
            (row[0], Reach(*row[1:4]), int(row[4]), row[5]) for row in store.rows(_PEOPLE)
        )
    ]
    shown = [menu for menu in menus if menu.reach.customers >= context.method.small_cell_customers]
    evidence.fold(store, "loop.self in a call", len(menus), len(menus) - len(shown), 0)
    return [_finding(store, context, menu) for menu in shown]


def _finding(store: Store, context: Context, menu: Menu) -> Finding:
    method, rate = context.method, menu.rate
    needed = floor_needed(rate, menu.reach, method.loop_journeys_min, method.loop_hits_min, method.loop_customers_min)
    robust = evidence.robustness((rate.hits["light"], rate.n["light"]), (rate.hits["strict"], rate.n["strict"]), 0.0)
    tested = status_of_count(method, rate, menu.reach, needed, robust)
    status = context.status(menu.finding_id, tested)
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(rate, sample, method.confidence)
    chance = f"select journey_id from menu_visit where menu = '{menu.step}'"
    journey_marks.mark(store, menu.finding_id, f"{chance} and n_visits > 1")
    share = share_text(rate.share(sample), ci)
    return Finding(
        kind="loop.self",
        status=status,
        grade="D",
        where=menu.where,
        window=context.window,
        n=n_part(rate, menu.reach, sample, events=menu.passes, n_needed=needed) | {"unit": "calls of closed journeys"},
        effect={
            "name": EFFECT,
            "value": round(rate.share(sample), 6),
            "unit": "share",
            "baseline": 0.0,
            "direction": "up",
        },
        ci=ci,
        cost=evidence.no_cost("the minutes of a menu heard again are counted with the loops of its steps"),
        evidence=journey_marks.evidence(store, context, menu.finding_id, chance),
        robustness=robust,
        title=f"{share} of the calls that reached {context.label(menu.step)} came back to it in the same call",
        text_evidence=(
            f"{sample_sentence(rate, sample, method.confidence, 'calls')}; {count_text(menu.passes)} times by "
            f"{count_text(menu.reach.customers)} customers, at most {menu.most_passes} times in one call."
        ),
        text_caution=_caution(status, needed),
        family="loop.self:menu",
        m=0,
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        extra={
            "cycle": [menu.step],
            "k": 1,
            "entry": menu.step,
            "passes": menu.passes,
            "passes_mean": round(menu.passes / rate.hits["all"], 2),
        },
    )


def _caution(status: str, needed: int | None) -> str:
    if status == "not_enough_data":
        return f"Not enough data: about {needed:,} calls that reach the menu would be needed to say more."
    text = "This is a plain count: callers may come back to hear the choices again, or as nothing fitted."
    return text if status == "confirmed" else text + " It is not yet seen often enough in the customers kept apart."
