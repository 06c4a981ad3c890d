"""Hand-offs to a department that only passes the customer back or on (method note 5, kind `handoff`).

A hand-off A to B is a run of work by department B within 24 hours after a run by A, in one journey. Work is told by the
handling time of calls and tickets, else by start and end of a step off the web; steps without either are looked
through, since a page view or a parcel scan hands nobody over. B passed the customer on when it worked less than 60
seconds and another department was at work within 24 hours.

The claim is tested: H0 "at most 30 % of the hand-offs A to B are passed on", customers as clusters; family = all pairs
of departments with the floor of hand-offs; candidate by BH, confirmed by Holm in the customers kept apart. Grade D: a
count. What could fall away is the wait for B, as the median of those that are passed on, where the log tells waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.language import mark, say
from ingest.store import Store
from mining import marked, savings
from mining.context import Context, quoted
from mining.deciding import Decision, decide
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.marked import ClusteredRate
from mining.population import Scope
from mining.rates import ci_part, effect_part, n_part, robustness_part
from mining.sentences import counted, not_few, paragraph, share_text

NAME = "handoffs"
KINDS = ("handoff",)
SUMMARY = "hand-overs to a department that passes the customer back or on without work of its own"
READS = ("journey_event", "journey", "journey_metrics")

EFFECT = mark("share of hand-offs passed on without own work")
_SCOPE = Scope()
_SQL = Path(__file__).parent.parent / "handoffs.sql"
_CHANCE = """create or replace temporary table chance as
    select from_department || ' > ' || department as place, journey_id, count(*)::integer as n,
        (count(*) filter (is_passed))::integer as hits, 0 as before
    from handoff group by from_department, department, journey_id order by place, journey_id"""
_MAY_WORSEN = mark(
    "The department in between may check, log or protect the next one from calls; without it the next one may be "
    "reached by customers whom it can't help."
)


@dataclass(frozen=True)
class Handover:
    """Hand-offs of one department to another; `after` = who came next without own work, with counts."""

    departments: tuple[str, str]
    rate: ClusteredRate
    kind: str = "handoff"

    @property
    def place(self) -> str:
        """Its name in `chance`."""
        return " > ".join(self.departments)

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return {"departments": list(self.departments)}

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)


def find(store: Store, context: Context) -> list[Finding]:
    """Pairs of departments of which the second only passes on, as findings."""
    method = context.method
    params = {"within_ms": method.handoff_within_ms, "work_ms": method.handoff_work_ms}
    store.run(_SQL.read_text(encoding="utf-8"), params, name="handoffs")
    store.run(_CHANCE, name="chance")
    pairs = dict(
        store.rows("select distinct from_department || ' > ' || department, [from_department, department] from handoff")
    )
    found = [
        Handover((pairs[place][0], pairs[place][1]), marked.rate_of(tally))
        for place, tally in marked.tallies(store, _SCOPE).items()
    ]
    family = {one.place: one for one in found if one.rate.n["all"] >= method.handoff_min}
    proposed = [one for one in found if one.rate.share("all") >= method.handoff_share_min]
    decisions = decide(
        method,
        {place: one.rate.p_above("discovery", method.handoff_share_min) for place, one in family.items()},
        [one.place for one in proposed if one.place in family],
        lambda place: family[place].rate.p_above("confirm", method.handoff_share_min),
    )
    shown = marked.publishable(store, context, _SCOPE, KINDS, proposed)
    return [_finding(store, context, one, reach, decisions.get(one.place), len(family)) for one, reach in shown]


def _finding(store: Store, context: Context, one: Handover, reach: Reach, decision: Decision | None, m: int) -> Finding:
    method, rate = context.method, one.rate
    decided = decision or Decision("not_enough_data", None, None)
    robust = robustness_part(rate, method.handoff_share_min)
    status = context.status(one.finding_id, decided.status, robust)
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(rate, sample, method.confidence)
    passed = _passed(store, one)
    cost = _cost(store, context, one, passed["wait_p50_ms"])
    first, second = map(quoted, one.departments)
    back = not_few(passed.pop("n_back"), method.small_cell_customers)
    return marked.finding(
        store,
        context,
        one,
        decided,
        status=status,
        grade="D",
        n=n_part(rate, reach, sample, events=int(rate.n["all"]), n_needed=None if decision else method.handoff_min)
        | {"unit": mark("hand-offs")},
        effect=effect_part(rate, sample, EFFECT, method.handoff_share_min),
        ci=ci,
        cost=cost,
        robustness=robust,
        title=say(
            "{second} passes on {share} of the customers whom {first} hands over, without work of its own",
            second=second,
            share=share_text(rate.share(sample), ci),
            first=first,
        ),
        text_evidence=paragraph(
            counted(rate, sample, ci, "hand-offs"), _back(back, passed), savings.sentence(cost, context)
        ),
        text_caution=paragraph(
            say(_MAY_WORSEN), say("A count, no trial; under a minute at work is taken for no work.")
        ),
        family="handoff:passed",
        m=m,
        extra={**passed, "members": list(one.departments), "may_worsen": say(_MAY_WORSEN)},
    )


def _passed(store: Store, one: Handover) -> dict[str, Any]:
    """Where the customers who are passed on go, and what they waited."""
    row = store.records(
        """select count(*) as n_passed, count(*) filter (next_department = from_department) as n_back,
            quantile_disc(wait_ms, 0.5) as wait_p50_ms, quantile_disc(gap_ms, 0.5) as gap_p50_ms,
            quantile_disc(work_ms, 0.5) as work_p50_ms
        from handoff where is_passed and from_department = $a and department = $b""",
        {"a": one.departments[0], "b": one.departments[1]},
    )
    return row[0]


def _back(back: str, passed: dict[str, Any]) -> str:
    wait_ms, n = passed["wait_p50_ms"], f"{passed['n_passed']:,}"
    if wait_ms is None:
        return say("{back} of {n} went straight back.", back=back, n=n)
    return say(
        "{back} of {n} went straight back, after a wait of {minutes} minutes in the median.",
        back=back,
        n=n,
        minutes=f"{wait_ms / 60_000:.1f}",
    )


def _cost(store: Store, context: Context, one: Handover, wait_ms: int | None) -> dict[str, Any]:
    """The median wait, once per hand-off that is passed on; claims the waits of those events."""
    params = {"a": one.departments[0], "b": one.departments[1]}
    chosen = "from handoff where is_passed and from_department = $a and department = $b"
    rows = store.rows(
        f"select customer_id, count(*), sum(work_ms)::bigint {chosen} group by customer_id order by customer_id", params
    )
    known = [int(n * wait_ms) for _, n, _ in rows] if wait_ms else []
    if known:
        savings.claim(store, one.finding_id, f"select pos, {wait_ms}, 0 {chosen}", params)
    return savings.cost(
        context,
        one.finding_id,
        savings.Saved(known, [row[2] for row in rows]),
        unknown=say("the log tells no wait for this department"),
    )
