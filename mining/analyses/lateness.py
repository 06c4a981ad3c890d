"""Steps of the company that come too late, without anyone having promised a time (method note 3.6).

Per kind of wait (step, next step, its channel, begun in business hours or not) a limit from the 8 closed weeks before
the window: exp(med + 2.33 * 1.4826 * MAD) of the logarithms, with 200 waits or more, and the wider of the MAD of all
and of the upper half. The window is the four Monday-based weeks up to the last decision date. `rate` = mean of the four
weekly shares of waits above the limit, t interval over weeks (8.2: the unit is the week).

Only waits for a step of the company count: how long customers take is theirs. Of a limit from few waits more than 1 %
would lie above by chance, so the share tested against is what 5 % of such limits let pass: 1 % plus the limit's own
error. Where more than 5 % of the waits before lay above it, waits have more than one usual length (no van on Sundays)
and the limit is that of the shorter one: then the share of before is what the window is held against.

The p of a kind of wait is the larger one of the t test on weeks and of the exact binomial on waits; BH in the
discovery parts, Holm over the candidates in the customers kept apart. Grade D.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.language import mark, say
from ingest.store import Store
from mining import evidence, lateness_words
from mining.context import Context
from mining.decisions import date_for
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.method import Method
from mining.population import SPLITS, Scope
from mining.rates import Rate, n_part, robustness_part
from mining.statistics import benjamini_hochberg, binomial_above, holm, normal_above, t_above, t_interval, wilson

NAME = "lateness"
KINDS = ("deviation.late",)
SUMMARY = "steps of the company that come far later than usual, without a promise: against the eight weeks before"
READS = ("journey_metrics", "journey", "journey_event", "touch")

EFFECT = mark("share of waits that are late")
WEEKS, BASELINE_WEEKS = 4, 8
_SQL = Path(__file__).parents[1] / "lateness.sql"
_SCOPE = Scope(by_journey=True, table="waiting_journey")
_SHORT = mark("weeks of data for limits on waits")
_COUNTS = """
    select w.wait_no, w.week, count(*), count(*) filter (w.is_late),
        count(*) filter (j.is_discovery), count(*) filter (w.is_late and j.is_discovery),
        count(*) filter (not j.is_discovery), count(*) filter (w.is_late and not j.is_discovery),
        count(*) filter (not j.is_heavy), count(*) filter (w.is_late and not j.is_heavy),
        count(*) filter (j.is_strict), count(*) filter (w.is_late and j.is_strict)
    from judged_wait as w inner join waiting_journey as j on w.journey_id = j.journey_id
    where w.week >= $window_from group by w.wait_no, w.week order by w.wait_no, w.week"""
_LIMITS = """
    select l.wait_no, l.prev, l.step, l.channel, l.is_open, l.n_baseline, l.usual_ms, l.limit_ms,
        count(*) filter (w.week < $window_from and w.is_late) / any_value(l.n_baseline),
        coalesce(sum(w.wait_ms - w.limit_ms) filter (w.week >= $window_from and w.is_late), 0)
    from wait_limit as l inner join judged_wait as w on w.wait_no = l.wait_no
    group by l.wait_no, l.prev, l.step, l.channel, l.is_open, l.n_baseline, l.usual_ms, l.limit_ms order by l.wait_no"""
_MARK = """insert into finding_journey
    select $id, journey_id, count(*) from judged_wait where wait_no = $wait_no and is_late and week >= $window_from
    group by journey_id order by journey_id"""


@dataclass
class Case:
    """One kind of wait in the window. `weeks`: split -> [(waits, late ones)] a week. Marks are made in SQL."""

    wait_no: int
    kind: str
    where: dict[str, Any]
    n_baseline: int
    usual_ms: float
    limit_ms: float
    baseline_share: float
    beyond_ms: float
    weeks: dict[str, list[tuple[int, int]]]
    hits: dict[int, float] = field(default_factory=dict)

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)

    @property
    def rate(self) -> Rate:
        """Late waits and waits of the whole window by split."""
        return Rate(
            {s: float(sum(late for _, late in self.weeks[s])) for s in SPLITS},
            {s: sum(n for n, _ in self.weeks[s]) for s in SPLITS},
        )

    def shares(self, split: str) -> list[float]:
        """Share of late waits in each week that has one."""
        return [late / n for n, late in self.weeks[split] if n]


def null_share(n_baseline: int) -> float:
    """Share of waits above the limit that chance alone lets pass in 19 of 20 clean worlds: 1 % and the limit's error.

    The limit's standard error is that of the median and of the MAD (efficiencies 0.64 and 0.37) of a normal.
    """
    error = math.sqrt((math.pi / 2 + 2.33**2 * 1.36) / n_baseline)
    return normal_above(2.33 - 1.645 * error)


def has_usual_tail(case: Case, method: Method) -> bool:
    """Whether far more than 1 % lay above the limit before, so that long waits are usual for this kind."""
    return case.baseline_share > method.late_usual_share_max


def usual_share(case: Case, method: Method) -> float:
    """The share above the limit that is usual for this kind of wait: 1 %, or what it was where that was far more."""
    return case.baseline_share if has_usual_tail(case, method) else method.late_share


def tested_against(case: Case, method: Method) -> float:
    """The share that chance alone may reach: by the limit's error, or by that of the share before (one-sided 95 %)."""
    share = null_share(case.n_baseline)
    if has_usual_tail(case, method):
        share = max(share, wilson(case.baseline_share * case.n_baseline, case.n_baseline, 0.90)[1])
    return share


def p_value(case: Case, split: str, method: Method) -> float:
    """One-sided p of "no more waits are late than usual and chance explain"; 1 with less than all weeks."""
    share, shares = tested_against(case, method), case.shares(split)
    if len(shares) < WEEKS:
        return 1.0
    return max(t_above(shares, share), binomial_above(case.rate.hits[split], case.rate.n[split], share))


def find(store: Store, context: Context) -> list[Finding]:
    """All kinds of waits of which more than 1 % were late; none where the data are too short for limits."""
    window_to = date_for(context.window_to)
    window_from = window_to - dt.timedelta(weeks=WEEKS)
    baseline_from = window_from - dt.timedelta(weeks=BASELINE_WEEKS)
    if not _has_baseline(store, baseline_from, window_to):
        return []
    params = {
        "baseline_from": baseline_from,
        "window_from": window_from,
        "window_to": window_to,
        "discovery_parts": context.method.discovery_parts,
        "waits_min": context.method.late_waits_min,
    }
    for statement in _SQL.read_text(encoding="utf-8").split(";\n"):
        named = {name: value for name, value in params.items() if f"${name}" in statement}
        store.run(statement, named, name="lateness")
    method = context.method
    cases = [case for case in _cases(store, window_from) if case.rate.share("all") > usual_share(case, method)]
    for case in cases:
        marked = {"id": case.finding_id, "wait_no": case.wait_no, "window_from": window_from}
        store.run(_MARK, marked, name="finding_journey")
    tests = _tests(cases, context)
    by_id = {case.finding_id: test for case, test in zip(cases, tests, strict=True)}
    window = {"from": window_from.isoformat(), "to": window_to.isoformat(), "weeks": float(WEEKS), "closed": True}
    m = sum(test[1] is not None for test in tests)
    shown = evidence.publishable(store, context, _SCOPE, KINDS, cases)
    examples = evidence.journeys(store, context, _SCOPE, {case.finding_id: case.where["step"] for case, _ in shown})
    return [
        _finding(context, case, reach, by_id[case.finding_id], m, window, examples[case.finding_id])
        for case, reach in shown
    ]


def _has_baseline(store: Store, baseline_from: dt.date, window_to: dt.date) -> bool:
    """Whether the data reach back to the baseline; if not, `data_quality` says so."""
    first = store.value("select min(day) from source_day")
    store.run("delete from data_quality where measure = $measure", {"measure": _SHORT})
    if first is not None and first <= baseline_from:
        return True
    weeks = max(0, (window_to - first).days // 7) if first else 0
    note = say(
        "limits on waits need eight closed weeks, and four more to hold against them; counted to the last fourth Monday"
    )
    store.run(
        "insert into data_quality by name select $measure as measure, $n as n, $of_n as of_n, $note as note",
        {"measure": _SHORT, "n": weeks, "of_n": WEEKS + BASELINE_WEEKS, "note": note},
    )
    return False


def _cases(store: Store, window_from: dt.date) -> list[Case]:
    params = {"window_from": window_from}
    weeks: dict[int, dict[str, list[tuple[int, int]]]] = {}
    for wait_no, _, *counts in store.rows(_COUNTS, params):
        of_split = weeks.setdefault(wait_no, {split: [] for split in SPLITS})
        for split, n, late in zip(SPLITS, counts[::2], counts[1::2], strict=True):
            of_split[split].append((n, late))
    out = []
    for wait_no, prev, step, channel, is_open, n, usual, limit, share, beyond in store.rows(_LIMITS, params):
        if wait_no in weeks:
            hours = lateness_words.BUSINESS_HOURS if is_open else lateness_words.OTHER_HOURS
            where = {"prev": prev, "step": step, "channel": channel, "hours": hours}
            out.append(Case(wait_no, KINDS[0], where, n, usual, limit, share, float(beyond), weeks[wait_no]))
    return out


Test = tuple[float, float | None, float | None]
"""p in the discovery parts, its q (None outside the family), Holm's p in the customers apart (None: no candidate)."""


def _tests(cases: list[Case], context: Context) -> list[Test]:
    method = context.method
    part = method.discovery_parts / 10
    family = [
        i
        for i, case in enumerate(cases)
        if case.rate.n["discovery"] >= math.ceil(method.deviation_journeys_min * part)
        and case.rate.hits["discovery"] >= math.ceil(method.deviation_hits_min * part)
    ]
    p_first = [p_value(cases[i], "discovery", method) for i in family]
    q = dict(zip(family, benjamini_hochberg(p_first), strict=True))
    first = dict(zip(family, p_first, strict=True))
    candidates = [i for i in family if q[i] <= method.discovery_q]
    second = dict(zip(candidates, holm([p_value(cases[i], "confirm", method) for i in candidates]), strict=True))
    return [(first.get(i, 1.0), q.get(i), second.get(i)) for i in range(len(cases))]


def _finding(
    context: Context,
    case: Case,
    reach: Reach,
    test: Test,
    m: int,
    window: dict[str, Any],
    examples: dict[str, Any],
) -> Finding:
    method, rate = context.method, case.rate
    p_first, q, p_holm = test
    short = rate.n["all"] < method.deviation_journeys_min or rate.hits["all"] < method.deviation_hits_min
    robust = robustness_part(rate, usual_share(case, method))
    shown = p_holm is not None and p_holm <= method.confirm_alpha and robust["sign_stable"] is not False
    tested = "not_enough_data" if short else "cannot_tell" if p_holm is None else "confirmed" if shown else "candidate"
    status = context.status(case.finding_id, tested)
    sample = "confirm" if status == "confirmed" and len(case.shares("confirm")) == WEEKS else "all"
    share, low, high = t_interval(case.shares(sample), method.confidence)
    ci = {
        "low": round(low, 6),
        "high": round(high, 6),
        "level": method.confidence,
        "method": say("t over weekly shares"),
    }
    needed = max(method.deviation_journeys_min, math.ceil(rate.n["all"] * method.deviation_hits_min / rate.hits["all"]))
    extra = {
        "usual_ms": round(case.usual_ms),
        "limit_ms": round(case.limit_ms),
        "n_baseline": case.n_baseline,
        "baseline_share": round(case.baseline_share, 6),
        "tested_against": round(tested_against(case, method), 6),
        "beyond_hours_per_week": round(case.beyond_ms / 3_600_000 / WEEKS, 2),
        "weekly": [[n, late] for n, late in case.weeks["all"]],
        "p_discovery": p_first,
        "p_holm": p_holm,
    }
    n = n_part(rate, reach, sample, events=int(rate.hits["all"]), n_needed=needed if short else None)
    return Finding(
        kind=case.kind,
        status=status,
        grade="D",
        where=case.where,
        window=window,
        n={**n, "unit": mark("waits")},
        effect={
            "name": EFFECT,
            "value": round(share, 6),
            "unit": mark("share"),
            "baseline": round(usual_share(case, method), 6),
            "direction": "up",
        },
        ci=ci,
        cost=evidence.no_cost(say("a wait is elapsed time: nobody is engaged in it; its hours are told beside")),
        evidence=examples,
        robustness=robust,
        title=lateness_words.title(context, case.where, case.limit_ms, share, ci),
        text_evidence=lateness_words.evidence_text(rate, sample, reach, extra),
        text_caution=lateness_words.caution(status, needed, has_usual_tail=has_usual_tail(case, method)),
        family="deviation.late",
        m=m,
        p=p_first,
        q=q,
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        extra=extra,
    )
