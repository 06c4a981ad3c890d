"""The worst map: 60 steps in six lanes, 200 paths between them, half of them hardly more frequent than the others."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any
from unittest import mock

import toy

N_STEPS, N_PATHS = 60, 200
STAGES = ["research", "order", "change", "receive", "return", "help"]
LANES = [None, *(name for name, _ in toy.DEPARTMENTS)]


def steps() -> list[tuple[Any, ...]]:
    """Sixty steps with long names, as toy.STEPS has them."""
    made: list[tuple[Any, ...]] = []
    for n in range(N_STEPS):
        lane, stage = LANES[n % len(LANES)], STAGES[n * len(STAGES) // N_STEPS]
        channel = ("shop", "web", "agent", "order", "parcel", "parcel")[n % len(LANES)]
        kind = "contact" if channel == "agent" else "work"
        label = f"Takes the {n + 1}th step of a long and winding process"
        made.append((f"s{n}", label, stage, channel, lane, kind, "customer", True, 0))
    return [*made, *toy.STEPS[-2:]]  # what nobody sees stays


def graph(seed: int = 60) -> dict[int, list[int]]:
    """Step -> steps that may follow; 200 moves, every step on a chain from the first to the last."""
    rng = random.Random(seed)
    moves = {(n, n + 1) for n in range(N_STEPS - 1)}
    while len(moves) < N_PATHS:
        moves.add((rng.randrange(N_STEPS), rng.randrange(N_STEPS)))
    return {n: sorted(b for a, b in moves if a == n) for n in range(N_STEPS)}


def make_wide_site(root: Path, n_journeys: int = 1500) -> Path:
    """A toy site of this process, mined, without findings."""
    follows = graph()

    def path_of(rng: random.Random) -> list[tuple[str, float]]:
        at = rng.randrange(12)
        way = [(f"s{at}", 0.0)]
        for _ in range(rng.randrange(8, 40)):
            at = at + 1 if rng.random() < 0.3 and at + 1 < N_STEPS else rng.choice(follows[at] or [at])
            way.append((f"s{at}", rng.uniform(0.02, 9)))
        return way

    with mock.patch.object(toy, "STEPS", steps()), mock.patch.object(toy, "path_of", path_of):
        toy.make_site(root, "Wide shop", n_journeys=n_journeys, findings=False)
    (root / "process" / "intended.toml").unlink()
    return root
