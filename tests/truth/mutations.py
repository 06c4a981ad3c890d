"""`make truth MUTATE=1`: known mistakes put back one at a time; each must break at least one gate (method note 11.4).

A world is ingested once and mined with each mistake. The gates are those of the scores, and one that holds of every
single finding: its two parts are the whole. Shown are the gates that do not hold with a mistake and do without, in the
same worlds. Mistakes of models that these worlds do not judge must break an acceptance test (mistakes.py).
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from judged import loaded, record
from matching import Record
from mistakes import MISTAKES, breaks, everywhere
from scores import score

from ingest.derive import resolve
from ingest.identity import Rules
from mining import excess, population
from mining.population import Variant

Patch = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Mutation:
    """A known mistake, the worlds in which it shows, and whether it is one of ingest."""

    name: str
    worlds: tuple[str, ...]
    patch: Patch
    is_of_ingest: bool = False


def gates(worlds: list[Record]) -> list[str]:
    """The gates that do not hold, by name."""
    out = [f"{kind}: {failure}" for kind, one in score(worlds).items() for failure in one.failures()]
    for world in worlds:
        for finding in world["findings"]:
            n = finding["n"]
            if n.get("n_discovery") is not None and n["n_discovery"] + n["n_confirm"] != n["exposed"]:
                out.append(f"{finding['kind']}: the customers kept apart are not apart")
                break
    return out


def by_position(read: Callable[..., list[Variant]]) -> Callable[..., list[Variant]]:
    """Counts paired with ways by place in a list, one of them in the order of text (method note R1)."""

    def joined(*arguments: Any) -> list[Variant]:
        found = read(*arguments)
        by_text = sorted(found, key=lambda way: str(way.variant_id))
        return [replace(way, counts=other.counts) for way, other in zip(found, by_text, strict=True)]

    return joined


def on_discovery(read: Callable[..., list[Variant]]) -> Callable[..., list[Variant]]:
    """The customers who proposed a finding confirm it too."""
    return lambda *arguments: [
        replace(way, counts=way.counts | {"confirm": way.counts["discovery"]}) for way in read(*arguments)
    ]


def point(hits: float, n: int, confidence: float) -> tuple[float, float]:
    """A share without its uncertainty."""
    del confidence
    return (hits / n, hits / n) if n else (0.0, 1.0)


def raw(sums: excess.Sums) -> tuple[float, float] | None:
    """Contacts followed by another, whatever these customers do anyway."""
    return (sums.soon, (sums.soon * (1 - sums.soon) / sums.contacts) ** 0.5) if sums.contacts else None


UNGUARDED = Rules(hub_persons=10**9, hub_records=10**9, conflict_rule=False)
MUTATIONS = (
    Mutation(
        "ways joined by position",
        ("W1",),
        lambda: everywhere(variants=by_position(population.variants), ways=by_position(population.ways)),
    ),
    Mutation(
        "confirmed on discovery",
        ("W1", "W2"),
        lambda: everywhere(variants=on_discovery(population.variants), ways=on_discovery(population.ways)),
    ),
    Mutation("point for an interval", ("W1", "W2"), lambda: everywhere(wilson=point)),
    Mutation(
        "repeat contact without the far window", ("W0", "W2"), lambda: mock.patch.object(excess.Sums, "excess", raw)
    ),
    Mutation("no hub guard", ("W8",), lambda: mock.patch.object(resolve, "RULES", UNGUARDED), is_of_ingest=True),
)


def main() -> int:
    """Run all mutations. Exit code 1 when one breaks no gate that holds without it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-3")
    parser.add_argument("--customers", default=1_000, type=int)
    parser.add_argument("--jobs", help="not used")
    parser.add_argument("--worlds", help="comma-separated: only the mistakes that show in one of these")
    given = parser.parse_args()
    first, _, last = given.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    found: dict[str, list[Record]] = {}
    wanted = given.worlds.split(",") if given.worlds else [name for one in MUTATIONS for name in one.worlds]
    for name in sorted(set(wanted)):
        for seed in seeds:
            _mine(name, seed, given.customers, found)
    print("| mistake | gates that it breaks |\n| --- | --- |")
    silent = 0
    for one in (one for one in MUTATIONS if one.name in found):
        without = {gate(text) for text in gates([world for world in found["none"] if world["world"] in one.worlds])}
        broken = [text for text in gates(found[one.name]) if gate(text) not in without]
        silent += not broken
        print(f"| {one.name} ({', '.join(one.worlds)}) | {'; '.join(dict.fromkeys(broken)) or 'NONE'} |", flush=True)
    for mistake, (_, test) in MISTAKES.items() if not given.worlds else ():
        is_broken = breaks(mistake)
        silent += not is_broken
        print(f"| {mistake} | {test if is_broken else 'NONE'} |", flush=True)
    return 1 if silent else 0


def gate(text: str) -> str:
    """The gate's name without its numbers, to tell what is broken with a mistake only."""
    return re.sub(r"[0-9.]+", "n", text)


def _mine(name: str, seed: int, customers: int, found: dict[str, list[Record]]) -> None:
    """All records of one world: as it is, and with each mistake that shows in it."""
    own = [one for one in MUTATIONS if name in one.worlds]
    with loaded(name, seed, customers) as night:
        found.setdefault("none", []).append(record(night))
        for one in own:
            if not one.is_of_ingest:
                night.store.run("delete from decision; delete from decision_date")  # once held they stand
                with one.patch():
                    found.setdefault(one.name, []).append(record(night))
    for one in own:
        if one.is_of_ingest:
            with one.patch(), loaded(name, seed, customers) as night:
                found.setdefault(one.name, []).append(record(night))
    print(f"{name} seed {seed}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
