"""Small planted worlds for the analyses, and a shortcut from a log to findings."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mining_log import EPOCH, Ev, Log, St, build

from ingest.store import Store
from mining import aggregate, analyses, context, population, register
from mining.findings import Finding
from mining.intended import parse
from mining.method import Method

NIGHT = dt.date(2026, 3, 16)
Play = Callable[[random.Random], list[tuple[str, float]]]
"""Makes a journey: (step, minutes since the step before)."""


def world(
    play: Play, n: int, steps: list[St], *, seed: int = 1, per_customer: float = 0.8, engaged_ms: int = 60_000
) -> Log:
    """`n` journeys over eight weeks, several per customer."""
    rng = random.Random(seed)
    log = Log([], steps, as_of=NIGHT)
    for number in range(n):
        clock = EPOCH + dt.timedelta(seconds=rng.randrange(56 * 86400))
        customer = f"k{rng.randrange(max(1, int(n * per_customer))):06d}"
        for order, (step, minutes) in enumerate(play(rng)):
            clock += dt.timedelta(seconds=round(60 * minutes))
            log.events.append(Ev(f"j{number:06d}", step, clock, customer=customer, engaged_ms=engaged_ms, order=order))
    return log


def frame(store: Store, process: dict[str, Any] | None = None, method: Method | None = None) -> context.Context:
    """A context without a site."""
    touch = context.read_touch(store)
    first, last = context.read_window(store, NIGHT)
    chosen = method or Method()
    return context.Context(
        chosen,
        first,
        last,
        touch,
        30.0,
        "EUR",
        parse(process, touch) if process else None,
        chosen.config_hash(),
        "input",
    )


def mined(
    store: Store, log: Log, process: dict[str, Any] | None = None, method: Method | None = None, only: str | None = None
) -> list[Finding]:
    """Build the warehouse of a log and run the analyses (or one)."""
    build(store, log)
    register.prepare(store)
    aggregate.build(store)
    made = frame(store, process, method)
    population.prepare(store, made)
    return [
        finding
        for analysis in analyses.scan()
        if only in (None, analysis.name)
        for finding in analysis.find(store, made)
    ]


def pick(findings: list[Finding], kind: str, **where: Any) -> Finding:
    """The one finding of a kind at a place."""
    found = [f for f in findings if f.kind == kind and all(f.where.get(k) == v for k, v in where.items())]
    assert len(found) == 1, [(f.kind, f.where, f.status) for f in findings]
    return found[0]


def relabelled(log: Log) -> Log:
    """The same log with unpadded case names in another order of text."""
    cases = sorted({e.case for e in log.events})
    names = {case: str(n) for n, case in enumerate(cases)}
    return replace(log, events=[replace(e, case=names[e.case]) for e in log.events])
