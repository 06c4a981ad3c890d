"""A few small worlds with fixed seeds, and exactly what is found in them: any change of a finding shows.

`make truth KEEP=1` writes the numbers anew, when a change is meant.
"""

from __future__ import annotations

import json
from pathlib import Path

from judged import judge
from matching import Record

NUMBERS = Path(__file__).parent / "regression.json"
CUSTOMERS = 500
WORLDS = (
    ("W0", 1), ("W1", 1), ("W2", 1), ("W3", 1), ("W4", 1), ("W4P", 9), ("W5", 8), ("W6S", 1), ("W11", 1), ("W12", 1),
)  # fmt: skip
TOLD = {"confirmed", "candidate"}


def lines(world: Record) -> list[str]:
    """The confirmed findings and the candidates of a world, one line each, and how many others there are."""
    told = []
    others: dict[str, int] = {}
    for finding in world["findings"]:
        if finding["status"] in TOLD:
            place = json.dumps(finding["where"], sort_keys=True)
            value, n = finding["effect"]["value"], finding["n"]["units"]
            told.append(f"{finding['status']} {finding['kind']} {place} {value} of {n}")
        else:
            name = f"{finding['status']} {finding['kind']}"
            others[name] = others.get(name, 0) + 1
    return [f"{world['n_journeys']} journeys", *sorted(told), *(f"{name}: {n}" for name, n in sorted(others.items()))]


def main() -> None:
    """Write the numbers of all worlds."""
    told = {f"{name}-{seed}": lines(judge(name, seed, CUSTOMERS)) for name, seed in WORLDS}
    NUMBERS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
