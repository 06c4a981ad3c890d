"""Loops: journeys that come back to a step they have been at (method note 4).

A loop is found by chronological loop erasure on each variant (mining.cycles says what is legitimate and taken off).
`rate` = closed journeys with at least one pass beyond the allowance / closed journeys that reached the step where the
loop closes most often. Three claims, kept apart:

1. It happens: a count, not a hypothesis, so there is no p value (0.6 applies to tests; 4.3 asks for none), grade D.
   What can still go wrong is that the loop was picked for being large in these very journeys. So:
   - not_enough_data: a floor fails (journeys at the step, with a pass, customers); n_needed says what is lacking.
   - candidate: the floors hold over all closed journeys.
   - confirmed: the loop, proposed by the customers of the discovery parts (floors in proportion hold there too), is
     seen again in the customers kept apart, with floors in proportion, and stays without the heaviest customers. The
     published share and interval are those of the customers kept apart.
   - cannot_tell: nearly every journey has the step again at once, which looks like recording, not like a loop. Or the
     loop is one of contacts only, and in most of its journeys no order says that they are about one need: who calls
     twice in a week may have two questions. What calls lead to is told by `repeat_contact`, which can tell that.
2. It costs: the engaged minutes of the erased events, each of which lies in one cycle only; bootstrap over customers.
3. It is a tendency (ping-pong between two steps only): mining.tendency, in `extra` and as a sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.language import mark, say
from ingest.store import Store
from mining import evidence, loop_words, tendency
from mining.context import Context
from mining.cycles import Loop, collect, sought
from mining.deciding import Floor, seen_again
from mining.erasure import Passes
from mining.evidence import Reach
from mining.findings import Finding
from mining.population import SPLITS, Scope, Variant, reached, variants
from mining.rates import Rate, ci_part, effect_part, floor_needed, n_part, robustness_part
from mining.sentences import counted, share_text
from mining.tendency import Direction, Verdict

NAME = "loops"
KINDS = ("loop.self", "loop.pingpong", "loop.cycle", "rework")
SUMMARY = "journeys that come back to a step or department they have been at, how often, and the minutes spent there"
READS = ("variants", "journey_metrics", "journey", "journey_event", "touch", "steps")

EFFECT = mark("share of journeys with a pass")
RECORDED_TWICE = 0.95
"""A step that this share of journeys does again at once is probably recorded at its start and at its end."""
ONE_NEED = 0.5
"""Contacts that come again are about one need where an order joins them in at least this share of their journeys."""
_ANCHORED = """
    select finding_id, count(*) filter (anchor = 'order') / count(*)
    from finding_variant inner join population using (variant_id) group by finding_id"""
_SCOPE = Scope()
_MINUTES = """
    select m.loop_no, p.customer_id, sum(cast(round(e.engaged_ms * e.weight) as bigint))::bigint as customer_ms,
        coalesce(sum(cast(round(e.handle_ms * e.weight) as bigint)), 0)::bigint as company_ms
    from loop_marks as m
    inner join told_way as t on t.told_id = m.told_id
    inner join population as p on p.variant_id = t.way_id
    inner join journey_event as e on e.pos = p.first_pos + t.places[m.place + 1]
    group by m.loop_no, p.customer_id order by m.loop_no, p.customer_id"""


@dataclass(frozen=True)
class Frame:
    """The variants, ready to be looked up; journeys that reach each step and department, by split; records taken
    together per step; the verdicts on tendencies.
    """

    by_id: dict[int, Variant]
    reach_step: dict[str, dict[str, int]]
    reach_department: dict[str, dict[str, int]]
    taken_together: dict[str, int]
    verdicts: dict[Direction, Verdict]
    share_of_orders: dict[str, float]
    """Per finding: journeys with a pass that are an order's."""

    def rate(self, loop: Loop) -> Rate:
        """Journeys with a pass / journeys that reach the place where the loop closes most often."""
        hits = np.array([[self.by_id[v].counts[split] for split in SPLITS] for v in sorted(loop.passes)]).sum(axis=0)
        reached = self.reach_department if "departments" in loop.where else self.reach_step
        return Rate({split: float(n) for split, n in zip(SPLITS, hits, strict=True)}, reached[loop.entry])


def find(store: Store, context: Context) -> list[Finding]:
    """All loops as findings, the frequent ones of each kind first."""
    ways = variants(store, _SCOPE, lambda step: step in context.touch and context.touch[step].is_free)
    loops = evidence.publishable(store, context, _SCOPE, KINDS, collect(ways, context))
    minutes = _minutes(store, [loop for loop, _ in loops])
    frame = Frame(
        {way.variant_id: way for way in ways},
        _reached(ways, None),
        _reached(ways, sought(context)),
        dict(store.rows("select cast(step as varchar), n_raw - n_events from steps")),
        _verdicts(ways, [loop for loop, _ in loops], context),
        dict(store.rows(_ANCHORED)),
    )
    examples = evidence.journeys(store, context, _SCOPE, {loop.finding_id: _chance(loop) for loop, _ in loops})
    return [
        _finding(context, loop, frame, reach, minutes.get(loop.finding_id, ([], [])), examples[loop.finding_id])
        for loop, reach in loops
    ]


def _chance(loop: Loop) -> str | None:
    """The step at which a journey has the chance to go round the loop; of a loop of departments any."""
    return None if "departments" in loop.where else loop.entry


def _reached(ways: Sequence[Variant], place: Mapping[str, str | None] | None) -> dict[str, dict[str, int]]:
    """Journeys that reach each step, or the `place` of one, by split."""
    if place is None:
        return reached(ways, (set(way.steps) for way in ways))
    return reached(ways, ({name for step in way.steps if (name := place.get(step)) is not None} for way in ways))


def _verdicts(ways: Sequence[Variant], loops: Sequence[Loop], context: Context) -> dict[Direction, Verdict]:
    """Whether journeys tend to be sent back, both ways round each ping-pong between steps."""
    pairs = [loop.steps for loop in loops if loop.kind == "loop.pingpong" and loop.is_of_steps]
    directions = [direction for a, b in pairs for direction in ((a, b), (b, a))]
    free = {step for step, touch in context.touch.items() if touch.is_free}
    scored = tendency.scores(ways, directions, ("all", "discovery", "confirm"), free)
    return tendency.decide(scored, context.method, context.method.loop_hits_min)


def _minutes(store: Store, loops: list[Loop]) -> dict[str, tuple[list[int], list[int]]]:
    """Engaged and handling ms per customer inside each loop: (customer ms, company ms) lists."""
    marks = [(n, v, places) for n, loop in enumerate(loops) for v, places in sorted(loop.places.items())]
    if not marks:
        return {}
    lengths = [len(places) for _, _, places in marks]
    store.put(
        "loop_marks",
        pa.table(
            {
                "loop_no": np.repeat(np.array([n for n, _, _ in marks], dtype=np.uint32), lengths),
                "told_id": np.repeat(np.array([v for _, v, _ in marks], dtype=np.uint32), lengths),
                "place": np.fromiter(chain.from_iterable(places for _, _, places in marks), np.uint32, sum(lengths)),
            }
        ),
    )
    told = store.arrow(_MINUTES)
    store.drop("loop_marks")
    number = told["loop_no"].to_numpy()
    borders = np.searchsorted(number, np.arange(len(loops) + 1))
    return {
        loop.finding_id: (
            told["customer_ms"].slice(start, end - start).drop_null().to_pylist(),
            told["company_ms"].slice(start, end - start).to_pylist(),
        )
        for loop, start, end in zip(loops, borders.tolist(), borders[1:].tolist(), strict=False)
        if end > start
    }


def _finding(
    context: Context,
    loop: Loop,
    frame: Frame,
    reach: Reach,
    minutes: tuple[list[int], list[int]],
    examples: dict[str, Any],
) -> Finding:
    rate = frame.rate(loop)
    method = context.method
    needed = floor_needed(rate, reach, method.loop_journeys_min, method.loop_hits_min, method.loop_customers_min)
    robust = robustness_part(rate, 0.0)
    tested = _tested(context, rate, reach, needed)
    if needed is None and loop.kind == "loop.self" and rate.share("all") >= RECORDED_TWICE:
        tested = "cannot_tell"
    of_needs = _is_of_needs(context, loop, frame)
    if needed is None and not of_needs:
        tested = "cannot_tell"
    status = context.status(loop.finding_id, tested, robust)
    sample = "confirm" if status == "confirmed" else "all"
    extra = _extra(loop, frame, method.small_cell_customers)
    cost = _cost(context, loop, minutes)
    ci = ci_part(rate, sample, method.confidence)
    return Finding(
        kind=loop.kind,
        status=status,
        grade="D",
        where=loop.where,
        window=context.window,
        n=n_part(rate, reach, sample, events=extra["passes"], n_needed=needed),
        effect=effect_part(rate, sample, EFFECT, 0.0),
        ci=ci,
        cost=cost,
        evidence=examples,
        robustness=robust,
        title=loop_words.title(context, loop, share_text(rate.share(sample), ci), extra["passes_mean"]),
        text_evidence=loop_words.evidence_text(context, counted(rate, sample, ci), reach, extra, cost),
        text_caution=loop_words.caution(status, needed, extra, of_needs=of_needs),
        family=f"{loop.kind}:passes",
        m=0,
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        extra=extra,
    )


def _is_of_needs(context: Context, loop: Loop, frame: Frame) -> bool:
    """Whether a loop is gone round within one need, as far as can be told."""
    classes = {context.touch[step].step_class for step in loop.steps if step in context.touch}
    return not loop.is_of_steps or classes != {"contact"} or frame.share_of_orders[loop.finding_id] >= ONE_NEED


def _tested(context: Context, rate: Rate, reach: Reach, needed: int | None) -> str:
    """The status of the count: what was picked for being large must be seen again."""
    method = context.method
    if needed is not None:
        return "not_enough_data"
    floor = Floor(method.loop_journeys_min, int(method.loop_hits_min), method.loop_customers_min)
    return seen_again(method, rate, reach, floor).status


def _cost(context: Context, loop: Loop, minutes: tuple[list[int], list[int]]) -> dict[str, Any]:
    if "departments" in loop.where:
        return evidence.no_cost(
            say("the minutes of a loop between departments are counted with the loops of its steps")
        )
    if loop.kind == "rework":
        return evidence.no_cost(say("the minutes of doing it again are counted with the loops that lead back to it"))
    return evidence.cost_of_minutes(context, *minutes, int(loop.finding_id[:8], 16))


def _extra(loop: Loop, frame: Frame, small_cell: int) -> dict[str, Any]:
    """The extra fields of section 4, over all closed journeys."""
    journeys: Counter[int] = Counter()
    for variant_id, n in loop.passes.items():
        journeys[n] += frame.by_id[variant_id].counts["all"]
    passes = Passes(journeys)
    inside = sum(frame.by_id[v].counts["all"] for v in sorted(loop.ends_inside))
    is_told = loop.is_of_steps and not 0 < inside < small_cell
    return {
        "cycle": list(loop.order),
        "k": len(loop.steps),
        "entry": loop.entry,
        "entries": dict(sorted(loop.entries.items())),
        "passes": passes.total,
        "passes_mean": passes.mean,
        "passes_p90": passes.percentile(0.9),
        "allowed": loop.allowed,
        "exit_normal": passes.n_journeys - inside if is_told else None,
        "exit_abnormal": inside if is_told else None,
        "removed_duplicates": sum(frame.taken_together.get(step, 0) for step in loop.steps),
        "tendency": _tendency(loop, frame.verdicts),
    }


def _tendency(loop: Loop, verdicts: dict[Direction, Verdict]) -> dict[str, Any] | None:
    """Claim 3 for a ping-pong of steps: shown or not, and the tests of both directions."""
    if loop.kind != "loop.pingpong" or not loop.is_of_steps:
        return None
    tests = {(back_to, at): verdicts[back_to, at] for back_to, at in (loop.steps, loop.steps[::-1])}
    shown = [direction for direction, verdict in tests.items() if verdict.is_shown]
    return {
        "verdict": "shown" if shown else "not shown",
        "grade": "B" if shown else None,
        "family": "loop.pingpong:tendency",
        "m": sum(verdict.q is not None for verdict in verdicts.values()),
        "tests": [
            {
                "at": at,
                "back_to": back_to,
                "journeys": one.journeys,
                "z": one.z,
                "p": one.p,
                "q": one.q,
                "p_confirm": one.p_confirm,
                "is_shown": one.is_shown,
            }
            for (back_to, at), one in tests.items()
        ],
    }
