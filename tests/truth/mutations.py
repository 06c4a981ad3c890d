"""`make truth MUTATE=1`: known mistakes put back one at a time; each must break at least one gate (method note 11.4).

A world is ingested once and mined with each mistake. The gates are those of the scores and three that hold of every
single world; all of them hold without a mistake, or nothing is shown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from judged import loaded, record
from matching import Record
from scores import score

from ingest.derive import resolve
from ingest.identity import Rules
from mining import population, rates
from mining.analyses import deviations, loops, merges

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


@contextmanager
def everywhere(name: str, value: Any, modules: tuple[Any, ...]) -> Iterator[None]:
    """Replace a name in every module that holds it."""
    with ExitStack() as stack:
        for module in modules:
            if hasattr(module, name):
                stack.enter_context(mock.patch.object(module, name, value))
        yield


def joined_by_position(store: Any, scope: Any) -> list[population.Variant]:
    """Counts paired with ways by place in a list, one of them in the order of text (method note R1)."""
    ways = population_variants(store, scope)
    by_text = sorted(ways, key=lambda way: str(way.variant_id))
    return [replace(way, counts=other.counts) for way, other in zip(ways, by_text, strict=True)]


def confirmed_on_discovery(store: Any, scope: Any) -> list[population.Variant]:
    """The customers who proposed a finding confirm it too."""
    return [
        replace(way, counts=way.counts | {"confirm": way.counts["discovery"]})
        for way in population_variants(store, scope)
    ]


def seen_is_shown(hits: float, n: int, share: float) -> float:
    """Existence taken for a rate beyond the tolerance."""
    return 0.0 if n and hits / n > share else 1.0


def point(hits: float, n: int, confidence: float) -> tuple[float, float]:
    """A share without its uncertainty."""
    del confidence
    return (hits / n, hits / n) if n else (0.0, 1.0)


population_variants = population.variants
ANALYSES = (deviations, loops, merges, population, rates)
MUTATIONS = (
    Mutation("variants joined by position", ("W1", "W2"), lambda: everywhere("variants", joined_by_position, ANALYSES)),
    Mutation("confirmed on discovery", ("W1", "W2"), lambda: everywhere("variants", confirmed_on_discovery, ANALYSES)),
    Mutation("existence for a rate", ("W1",), lambda: everywhere("binomial_above", seen_is_shown, ANALYSES)),
    Mutation("point for an interval", ("W1",), lambda: everywhere("wilson", point, ANALYSES)),
    Mutation(
        "no hub guard",
        ("W8",),
        lambda: mock.patch.object(resolve, "RULES", Rules(hub_persons=10**9, hub_records=10**9, conflict_rule=False)),
        is_of_ingest=True,
    ),
)


def main() -> int:
    """Run all mutations. Exit code 1 when one breaks nothing, or when the gates do not hold without any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-4")
    parser.add_argument("--customers", default=1_200, type=int)
    parser.add_argument("--jobs", help="not used")
    parser.add_argument("--worlds", help="not used")
    given = parser.parse_args()
    first, _, last = given.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    found: dict[str, list[Record]] = {}
    for name in sorted({name for one in MUTATIONS for name in one.worlds}):
        for seed in seeds:
            _mine(name, seed, given.customers, found)
    print("| mistake | gates that it breaks |\n| --- | --- |")
    silent = 0
    for title in ["none", *(one.name for one in MUTATIONS)]:
        broken = gates(found[title])
        silent += bool(broken) == (title == "none")
        print(f"| {title} | {'; '.join(dict.fromkeys(broken)) or 'NONE'} |")
    return 1 if silent else 0


def _mine(name: str, seed: int, customers: int, found: dict[str, list[Record]]) -> None:
    """All records of one world: as it is, and with each mistake that shows in it."""
    own = [one for one in MUTATIONS if name in one.worlds]
    with loaded(name, seed, customers) as night:
        found.setdefault("none", []).append(record(night))
        for one in own:
            if not one.is_of_ingest:
                with one.patch():
                    found.setdefault(one.name, []).append(record(night))
    for one in own:
        if one.is_of_ingest:
            with one.patch(), loaded(name, seed, customers) as night:
                found.setdefault(one.name, []).append(record(night))
    print(f"{name} seed {seed}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
