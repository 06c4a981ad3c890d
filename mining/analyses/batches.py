"""Messages to one customer on one day that could be one (method note 5, kind `batch_contact`).

A message is a visible step that the company takes by itself on a channel that customers only read (mail, sms, letter
...; a call is a talk, and what is agreed there is often sent the same day). Two messages are a pair when one follows
the other on the same day of the site's clock, whatever journey they belong to; a day with three messages has two pairs,
so that no message is counted twice.
`rate` = customer days with the pair / customer days with a message of either kind.

It is a count (grade D): confirmed when it is seen again in the customers kept apart, with floors in proportion; below
tolerance where fewer than 5 % of the days have both. What could fall away is one of the two: the later one's minutes
where the log tells them, else `typical_minutes` of its step, else `[costs] reading_min`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.language import mark, say
from ingest.store import Store
from mining import marked, savings
from mining.context import Context
from mining.deciding import Decision, Floor, seen_again
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.marked import ClusteredRate
from mining.population import Scope
from mining.rates import ci_part, effect_part, floor_needed, n_part, robustness_part
from mining.sentences import counted, paragraph, share_text

NAME = "batches"
KINDS = ("batch_contact",)
SUMMARY = "messages that reach one customer on one day and could be one message"
READS = ("journey_event", "journey", "touch")

_SCOPE = Scope()
_SQL = Path(__file__).parent.parent / "batches.sql"
_CHANCE = """create or replace temporary table chance as
    with pair as (
        select distinct first_step as a, second_step as b from message where first_step is not null),
    day as (
        select p.a, p.b, m.customer_id, m.day, arg_min(m.journey_id, m.pos) as first_journey_id,
            arg_min(m.journey_id, m.pos) filter (m.first_step = p.a and m.second_step = p.b) as pair_journey_id
        from pair as p inner join message as m on m.step in (p.a, p.b)
        group by p.a, p.b, m.customer_id, m.day)
    select a || ' + ' || b as place, coalesce(pair_journey_id, first_journey_id) as journey_id, count(*)::integer as n,
        count(pair_journey_id)::integer as hits, 0 as before
    from day group by place, coalesce(pair_journey_id, first_journey_id) order by all"""
EFFECT = mark("share of days with both messages")
_MAY_WORSEN = mark(
    "Waiting for one message to go out with another makes the first one late; some must go out at once by law."
)
_TWO = mark(
    "{first} and {second} come on one day, on {share} of the days with such a message: they could be one message"
)
_TWICE = mark(
    "{first} comes more than once on one day, on {share} of the days with such a message: they could be one message"
)


@dataclass(frozen=True)
class Pair:
    """Two kinds of message that meet on one day."""

    steps: tuple[str, str]
    rate: ClusteredRate
    kind: str = "batch_contact"

    @property
    def place(self) -> str:
        """Its name in `chance`."""
        return " + ".join(self.steps)

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return {"pair": list(self.steps)}

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)


def find(store: Store, context: Context) -> list[Finding]:
    """Pairs of messages on one day, as findings."""
    params = {"zone": context.timezone, "channels": list(context.method.message_channels)}
    store.run(_SQL.read_text(encoding="utf-8"), params, name="batches")
    store.run(_CHANCE, name="chance")
    pairs = [
        Pair((first, second), marked.rate_of(tally))
        for place, tally in marked.tallies(store, _SCOPE).items()
        for first, second in [place.split(" + ")]
        if not (context.touch[first].mandatory and context.touch[second].mandatory)
    ]
    shown = marked.publishable(store, context, _SCOPE, KINDS, pairs)
    return [_finding(store, context, one, reach) for one, reach in shown if one.rate.hits["all"]]


def _finding(store: Store, context: Context, one: Pair, reach: Reach) -> Finding:
    method, rate = context.method, one.rate
    floor = Floor(method.batch_days_min, method.batch_days_min, method.batch_customers_min)
    needed = floor_needed(rate, reach, floor.units, floor.hits, floor.customers)
    decided = Decision("not_enough_data", None, None) if needed else seen_again(method, rate, reach, floor)
    robust = robustness_part(rate, method.batch_share_min)
    status = decided.status
    if needed is None and rate.interval("all", method.confidence)[0] < method.batch_share_min:
        status = "below_tolerance"
    status = context.status(one.finding_id, status, robust)
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(rate, sample, method.confidence)
    cost = _cost(store, context, one)
    first, second = (context.label(step) for step in one.steps)
    return marked.finding(
        store,
        context,
        one,
        decided,
        status=status,
        grade="D",
        n=n_part(rate, reach, sample, events=None, n_needed=needed) | {"unit": mark("customer days")},
        effect=effect_part(rate, sample, EFFECT, method.batch_share_min),
        ci=ci,
        cost=cost,
        robustness=robust,
        title=say(
            _TWICE if first == second else _TWO,
            first=first,
            second=second,
            share=share_text(rate.share(sample), ci),
        ),
        text_evidence=paragraph(counted(rate, sample, ci, "customer days"), savings.sentence(cost, context)),
        text_caution=paragraph(
            say(_MAY_WORSEN),
            say("A count, no trial; minutes of reading are assumed."),
            say("Not enough data: about {n} days would be needed.", n=f"{needed:,}") if needed else "",
        ),
        family="batch_contact:days",
        m=0,
        extra={"members": list(one.steps), "may_worsen": say(_MAY_WORSEN)},
    )


def _cost(store: Store, context: Context, one: Pair) -> dict[str, Any]:
    """One message less per pair: the time of the later one where the log tells it, else that of reading it."""
    told = [touch.typical_minutes for touch in map(context.touch.__getitem__, one.steps) if touch.typical_minutes]
    reading_ms = round(60_000 * (min(told) if told else context.method.reading_min))
    minutes = f"""select m.pos, m.customer_id, e.handle_ms, e.engaged_ms > 0 as is_told,
            case when e.engaged_ms > 0 then cast(round(e.engaged_ms * e.weight) as bigint) else {reading_ms} end as ms
        from message as m inner join journey_event as e using (pos) where first_step = $a and second_step = $b"""
    params = {"a": one.steps[0], "b": one.steps[1]}
    rows = store.rows(
        f"""select customer_id, sum(ms)::bigint, coalesce(sum(handle_ms), 0)::bigint, bool_and(is_told) from ({minutes})
        group by customer_id order by customer_id""",
        params,
    )
    savings.claim(store, one.finding_id, f"select pos, ms, {reading_ms} from ({minutes})", params)
    reading = "steps.typical_minutes" if told else "costs.reading_min"
    saved = savings.Saved(
        [row[1] for row in rows], [row[2] for row in rows], () if all(row[3] for row in rows) else (reading,)
    )
    return savings.cost(context, one.finding_id, saved, unknown=say("reading takes no time by [costs] reading_min"))
