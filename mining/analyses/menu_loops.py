"""Phone menus that callers come back to in the same call (method note 4.2, IVR loop).

Unit = calls of closed journeys that reach the menu node; a hit is a call that reaches it at least twice. Every visit is
counted, also two within seconds. The decision is that of the other loops (mining.analyses.loops, claim 1): a count with
floors, confirmed when it is seen again in the customers kept apart. Minutes are told by the loops of steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.language import mark, say
from ingest.store import Store
from mining import evidence, marked
from mining.context import Context
from mining.deciding import Decision, Floor, seen_again
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.marked import ClusteredRate
from mining.population import Scope
from mining.rates import ci_part, effect_part, floor_needed, n_part, robustness_part
from mining.sentences import count_text, counted, paragraph, share_text

NAME = "menu_loops"
KINDS = ("loop.self",)
SUMMARY = "phone menus that callers come back to in the same call"
READS = ("journey_event", "event", "journey", "journey_metrics", "touch")

EFFECT = mark("share of calls that come back to the menu")
_SCOPE = Scope()
_SQL = Path(__file__).parent.parent / "menus.sql"
_PASSES = "select place, sum(passes)::bigint from chance inner join population using (journey_id) group by place"


@dataclass(frozen=True)
class Menu:
    """A menu node that calls reach."""

    place: str
    rate: ClusteredRate
    kind: str = "loop.self"

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return {"menu": self.place, "within": "call"}

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)


def find(store: Store, context: Context) -> list[Finding]:
    """One finding per menu node that enough callers come back to in a call."""
    store.run(_SQL.read_text(encoding="utf-8"), name="menus")
    menus = [
        menu
        for place, tally in marked.tallies(store, _SCOPE).items()
        if (menu := Menu(place, marked.rate_of(tally))).rate.hits["all"]
    ]
    passes = dict(store.rows(_PASSES))
    shown = marked.publishable(store, context, _SCOPE, KINDS, menus)
    return [_finding(store, context, menu, reach, int(passes[menu.place])) for menu, reach in shown]


def _finding(store: Store, context: Context, menu: Menu, reach: Reach, passes: int) -> Finding:
    method, rate = context.method, menu.rate
    floor = Floor(method.loop_journeys_min, int(method.loop_hits_min), method.loop_customers_min)
    needed = floor_needed(rate, reach, floor.units, floor.hits, floor.customers)
    decided = Decision("not_enough_data", None, None) if needed else seen_again(method, rate, reach, floor)
    robust = robustness_part(rate, 0.0)
    status = context.status(menu.finding_id, decided.status, robust)
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(rate, sample, method.confidence)
    return marked.finding(
        store,
        context,
        menu,
        decided,
        status=status,
        grade="D",
        n=n_part(rate, reach, sample, events=passes, n_needed=needed) | {"unit": mark("calls of closed journeys")},
        effect=effect_part(rate, sample, EFFECT, 0.0),
        ci=ci,
        cost=evidence.no_cost(say("the minutes of a menu heard again are counted with the loops of its steps")),
        robustness=robust,
        title=say(
            "{share} of the calls that reached {menu} came back to it in the same call",
            share=share_text(rate.share(sample), ci),
            menu=context.label(menu.place),
        ),
        text_evidence=paragraph(
            counted(rate, sample, ci, "calls"),
            say(
                "It was reached again {n} times, by {customers} customers.",
                n=count_text(passes),
                customers=count_text(reach.customers),
            ),
        ),
        text_caution=_caution(status, needed),
        family="loop.self:menu",
        m=0,
        extra={
            "cycle": [menu.place],
            "k": 1,
            "entry": menu.place,
            "passes": passes,
            "passes_mean": round(passes / rate.hits["all"], 2),
        },
    )


def _caution(status: str, needed: int | None) -> str:
    if status == "not_enough_data":
        return say("Not enough data: about {n} calls that reach the menu would be needed to say more.", n=f"{needed:,}")
    return paragraph(
        say("This is a plain count: callers may come back to hear the choices again, or as nothing fitted."),
        ""
        if status == "confirmed"
        else say("It has not been seen often enough in the customers kept apart for checking."),
    )
