"""Each count of the consolidation analyses again, in plain Python on random logs, written without a look at the SQL."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from bulk_world import bulk, found, prepare
from mining_log import EPOCH, St
from planted import frame

from ingest.store import Store
from mining import marked, population
from mining.analyses import batches, channel_switches, eliminations, handoffs, merges, requests
from mining.context import Context
from mining.equivalence import Journeys, difference
from mining.method import Method
from mining.population import Scope
from mining.register import ranked

STEPS = [
    St("page", step_class="browse", repeats=None, stage="research"),
    St("form", step_class="info_request", asks=("address", "name"), repeats=1),
    St("check", step_class="info_request", asks=("address",), repeats=None),
    St("move", step_class="work", changes=("address",)),
    St("call", channel="agent", department="Call centre", step_class="contact", asks=("name",), stage="research"),
    St("desk", channel="agent", department="Desk", step_class="contact", stage="order"),
    St("back", channel="system", department="Back office", step_class="work"),
    St("mail", channel="mail", actor="company", department=None, typical_minutes=2.0),
    St("letter", channel="mail", actor="company", department=None, step_class="handoff"),
    St("gone", step_class="outcome", bad=True),
    St("done", step_class="outcome"),
]
TOUCH = {step.step: step for step in STEPS}
DAY = 86_400
Row = dict[str, Any]


def random_log(seed: int, n_journeys: int = 220) -> list[Row]:
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for case in range(n_journeys):
        at, customer = float(rng.integers(0, 50 * DAY)), int(rng.integers(0, 70))
        for _ in range(int(rng.integers(2, 10))):
            step = str(rng.choice([*TOUCH, "call", "desk", "back"]))
            is_call = step in ("call", "desk")
            ms = int(rng.integers(1, 180)) * 1000
            rows.append({
                "case": case, "customer": customer, "step": step, "at_s": at,
                "end_s": at + ms / 1000 if step in ("back", "desk") and rng.random() < 0.8 else None,
                "handle_ms": ms if is_call and rng.random() < 0.8 else None,
                "wait_ms": int(rng.integers(0, 300)) * 1000 if is_call and rng.random() < 0.7 else None,
                "engaged_ms": ms if is_call or TOUCH[step].channel == "web" else None,
                "product": f"p{rng.integers(3)}" if step in ("page", "call") and rng.random() < 0.6 else None,
                "call": f"c{case}-{len(rows)}" if is_call else None,
                "session": case * 2 + int(rng.random() < 0.3) if TOUCH[step].channel == "web" else None,
                "attributes": f'{{"total": "{rng.integers(1, 900)}"}}' if step == "done" else None,
            })  # fmt: skip
            at += float(rng.choice([1, 30, 600, 7200, 50_000, 2 * DAY]))
    return rows


class Brute:
    """The log as journeys and customers, in order."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = sorted(enumerate(rows), key=lambda pair: (pair[1]["customer"], pair[1]["at_s"], pair[0]))
        self.ordered = [row for _, row in self.rows]
        self.journeys: dict[int, list[Row]] = defaultdict(list)
        for row in self.ordered:
            self.journeys[row["case"]].append(row)

    def again(self) -> dict[str, dict[int, bool]]:
        """item or item @ step -> case -> asked again."""
        out: dict[str, dict[int, bool]] = defaultdict(dict)
        for case, events in self.journeys.items():
            given: dict[str, list[str]] = defaultdict(list)
            for event in events:
                touch = TOUCH[event["step"]]
                for item in touch.changes:
                    given[item] = []
                for item in touch.asks:
                    others = any(step != touch.step for step in given[item])
                    own = given[item].count(touch.step)
                    is_again = others or (touch.repeats is not None and own > touch.repeats)
                    given[item].append(touch.step)
                    for place in (item, f"{item} @ {touch.step}"):
                        out[place][case] = out[place].get(case, False) or is_again
        return out

    def handovers(self) -> dict[str, list[int]]:
        """A > B -> [hand-offs, passed on]."""
        out: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for events in self.journeys.values():
            runs: list[dict[str, Any]] = []
            for event in events:
                touch, end = TOUCH[event["step"]], event["end_s"]
                work = event["handle_ms"]
                if work is None and touch.channel != "web" and end is not None:
                    work = round(1000 * (end - event["at_s"]))
                if touch.department is None or touch.step_class in ("browse", "outcome") or work is None:
                    continue
                until = end if end is not None else event["at_s"] + (event["handle_ms"] or 0) / 1000
                if runs and runs[-1]["department"] == touch.department:
                    runs[-1]["work"] += work
                    runs[-1]["until"] = max(runs[-1]["until"], until)
                else:
                    runs.append({"department": touch.department, "at": event["at_s"], "until": until, "work": work})
            for n in range(1, len(runs)):
                if runs[n]["at"] - runs[n - 1]["until"] > DAY:
                    continue
                pair = out[f"{runs[n - 1]['department']} > {runs[n]['department']}"]
                pair[0] += 1
                near = n + 1 < len(runs) and runs[n + 1]["at"] - runs[n]["until"] <= DAY
                pair[1] += runs[n]["work"] < 60_000 and near
        return out

    def messages(self) -> dict[str, list[int]]:
        """a + b -> [customer days with either, with both in a row], by the clock of New York."""
        days: dict[tuple[int, dt.date], list[str]] = defaultdict(list)
        for row in self.ordered:
            if row["step"] in ("mail", "letter"):
                at = (EPOCH + dt.timedelta(seconds=row["at_s"])).replace(tzinfo=dt.UTC)
                days[row["customer"], at.astimezone(dt.timezone(dt.timedelta(hours=-5))).date()].append(row["step"])
        pairs = {key: {tuple(sorted(two)) for two in pairwise(steps)} for key, steps in days.items()}
        return {
            " + ".join(pair): [
                sum(bool(set(pair) & set(steps)) for steps in days.values()),
                sum(pair in seen for seen in pairs.values()),
            ]
            for pair in {pair for seen in pairs.values() for pair in seen}
        }

    def calls(self, last_s: float) -> dict[str, list[int]]:
        """step -> [calls, with a page of the matter in the day before, in the day after]."""
        out: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for row in self.ordered:
            if row["step"] not in ("call", "desk") or not DAY <= row["at_s"] < last_s - DAY:
                continue
            pages = [
                page["at_s"] - row["at_s"]
                for page in self.ordered
                if page["customer"] == row["customer"]
                and TOUCH[page["step"]].channel == "web"
                and (
                    page["product"] == row["product"]
                    if row["product"]
                    else TOUCH[page["step"]].stage == TOUCH[row["step"]].stage
                )
            ]
            counts = out[row["step"]]
            counts[0] += 1
            counts[1] += any(-DAY <= apart < 0 for apart in pages)
            counts[2] += any(0 < apart <= DAY for apart in pages)
        return out

    def arms(self) -> dict[str, dict[int, tuple[bool, bool, str]]]:
        """step -> case -> (with, ends badly, what comes next)."""
        kept = {
            case: [e["step"] for e in events if TOUCH[e["step"]].step_class != "browse"]
            for case, events in self.journeys.items()
        }
        out: dict[str, dict[int, tuple[bool, bool, str]]] = {}
        for x in (s.step for s in STEPS if s.step_class in ("work", "info_request", "handoff")):
            before: dict[str, int] = defaultdict(int)
            for steps in kept.values():
                for a, b in pairwise(steps):
                    before[a] += b == x and a != x
            p = min((s.step for s in STEPS), key=lambda s: (-before[s], [t.step for t in STEPS].index(s)))
            out[x] = {}
            for case, steps in kept.items():
                if p not in steps:
                    continue
                k = steps.index(p)
                later = [*steps[k + 1 :], "", ""]
                if later[0] == x:
                    out[x][case] = (True, "gone" in later, later[1])
                elif x not in steps:
                    out[x][case] = (False, "gone" in later, later[0])
        return out


@pytest.fixture(scope="module", params=[1, 2])
def lab(request: pytest.FixtureRequest) -> Iterator[tuple[Store, Context, Brute]]:
    rows = random_log(request.param)
    with Store.open() as store:
        bulk(store, STEPS, {name: [row[name] for row in rows] for name in rows[0]})
        context = replace(frame(store), timezone="America/New_York", order_value="total")
        prepare(store, context)
        yield store, context, Brute(rows)


def sums(store: Store) -> dict[str, list[int]]:
    return {
        place: [split["all"].n, split["all"].hits, split["all"].before]
        for place, split in marked.tallies(store, Scope()).items()
    }


def test_requests(lab: tuple[Store, Context, Brute]) -> None:
    store, context, brute = lab
    requests.find(store, context)
    assert sums(store) == {place: [len(c), sum(c.values()), 0] for place, c in brute.again().items()}


def test_handovers(lab: tuple[Store, Context, Brute]) -> None:
    store, context, brute = lab
    handoffs.find(store, context)
    expected = brute.handovers()
    assert sum(passed for _, passed in expected.values()) > 5
    assert sums(store) == {place: [*counts, 0] for place, counts in expected.items()}


def test_messages(lab: tuple[Store, Context, Brute]) -> None:
    store, context, brute = lab
    batches.find(store, context)
    assert sums(store) == {place: [*counts, 0] for place, counts in brute.messages().items()}


def test_calls_after_visits(lab: tuple[Store, Context, Brute]) -> None:
    store, context, brute = lab
    channel_switches.find(store, context)
    last_s = (context.window_to - EPOCH.date()).days * DAY
    assert sums(store) == dict(brute.calls(last_s))


def test_journeys_with_and_without_a_step(lab: tuple[Store, Context, Brute]) -> None:
    store, context, brute = lab
    eliminations.find(store, context)
    start = {case: (events[0]["customer"], events[0]["at_s"], case) for case, events in brute.journeys.items()}
    number = {case: n for n, case in enumerate(sorted(start, key=lambda case: start[case]), 1)}
    rows = store.rows("select x, journey_id, is_with, is_bad, next_name from arm")
    assert {(row[0], row[1]): row[2:] for row in rows} == {
        (x, number[case]): told for x, cases in brute.arms().items() for case, told in cases.items()
    }
    assert store.value("select count(distinct journey_id) filter (is_top) from arm") > 0


def test_the_difference_is_that_of_a_plain_loop() -> None:
    rng = np.random.default_rng(5)
    n = 400
    journeys = Journeys(
        rng.random(n) < 0.6, rng.random(n) < 0.2, rng.integers(0, 5, n), rng.integers(0, 150, n), rng.integers(0, 4, n)
    )
    weights: dict[int, float] = {}
    parts: dict[int, float] = {}
    for k in range(5):
        one = [i for i in range(n) if journeys.stratum[i] == k and journeys.has_step[i]]
        zero = [i for i in range(n) if journeys.stratum[i] == k and not journeys.has_step[i]]
        weights[k] = len(one) * len(zero) / (len(one) + len(zero))
        parts[k] = float(np.mean(journeys.is_bad[one]) - np.mean(journeys.is_bad[zero]))
    value = sum(weights[k] * parts[k] for k in weights) / sum(weights.values())
    found_ = difference(journeys)
    assert found_.value == pytest.approx(value, abs=1e-12)
    # the error against a bootstrap over customers
    drawn = []
    for _ in range(300):
        chosen = np.concatenate([np.flatnonzero(journeys.customer == c) for c in rng.integers(0, 150, 150)])
        drawn.append(difference(journeys.only(chosen)).value)
    assert found_.error == pytest.approx(float(np.std(drawn)), rel=0.15)
    assert found_.p_apart(1.0) < 1e-9 < found_.p_apart(1e-6)


def test_no_minute_is_served_twice(lab: tuple[Store, Context, Brute]) -> None:
    """T5.4, with floors so low that everything is proposed: the parts are a greedy loop's, their sum is in the log."""
    store, context, _ = lab
    low = Method(
        small_cell_customers=1, request_journeys_min=1, request_share_min=0.0, handoff_min=1, handoff_share_min=0.0,
        batch_share_min=0.0,
        batch_days_min=1, batch_customers_min=1, merge_occurrences_min=1, merge_share_min=0.0, merge_band_share_min=0.0,
        merge_entropy_max_bit=9.0, merge_gap_max_ms=10**12, discovery_q=1.0, confirm_alpha=1.0, stored_per_kind_max=5,
        equivalence_margins=(1.0,), equivalence_margin_of_base=99.0, next_step_distance_max=1.0, arm_min=1,
    )  # fmt: skip
    population.prepare(store, context)
    wide = replace(context, method=low, ask_min={"name": 1.0}, order_value=None)
    findings = found(store, wide, only="merges eliminations requests handoffs batches")
    kinds = {f.kind for f in findings if f.cost.get("own", {}).get("mid")}
    assert kinds >= {"merge", "duplicate_request", "batch_contact", "eliminate"}
    has = {
        pos: max(engaged, assumed)
        for pos, engaged, assumed in store.rows(
            """select e.pos, e.engaged_ms, coalesce(max(c.assumed_ms), 0)
            from journey_event as e left join saving_claim as c using (pos) group by e.pos, e.engaged_ms"""
        )
    }
    left, own = dict(has), defaultdict(int)
    order = [f for f in ranked(findings) if "own" in f.cost]
    for finding in order:
        for pos, ms in store.rows(
            "select pos, sum(ms)::bigint from saving_claim where finding_id = $id group by pos",
            {"id": finding.finding_id},
        ):
            taken = max(0, min(ms, left[pos]))
            left[pos] -= taken
            own[finding.finding_id] += taken
    claimed = dict(store.rows("select finding_id, sum(ms)::bigint from saving_claim group by 1"))
    for finding in order:
        part = own[finding.finding_id] / claimed[finding.finding_id]
        assert finding.cost["own"]["part"] == pytest.approx(part, abs=1e-6), finding.title
    assert sum(own.values()) <= sum(has.values())
    assert sum(left.values()) == sum(has.values()) - sum(own.values()) and min(left.values()) >= 0


def test_pairs_by_occurrence(lab: tuple[Store, Context, Brute]) -> None:
    """The wait and the second greeting of a pair, per occurrence."""
    store, _, brute = lab
    params = {"first": "call", "second": "form"}
    expected = []
    for events in brute.journeys.values():
        for a, b in pairwise(events):
            if (a["step"], b["step"]) == ("call", "form"):
                until = max(a["end_s"] or a["at_s"], a["at_s"] + (a["engaged_ms"] or 0) / 1000)
                expected.append((True, max(0, math.floor(1000 * (b["at_s"] - until) + 0.5))))
    rows = store.rows(f"select is_apart, wait_ms from ({merges._OCCURRENCES})", params)
    assert sorted(rows) == sorted(expected) and expected
    pages = store.rows(f"select is_apart from ({merges._OCCURRENCES})", {"first": "page", "second": "form"})
    same = [
        a["session"] != b["session"]
        for events in brute.journeys.values()
        for a, b in pairwise(events)
        if (a["step"], b["step"]) == ("page", "form")
    ]
    assert sorted(p for (p,) in pages) == sorted(same) and len(set(same)) == 2
