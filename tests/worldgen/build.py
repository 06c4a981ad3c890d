"""Command line of the world generator: `python tests/worldgen/build.py --out data/sample`.

Run without options other than --out it rebuilds the committed sample, byte for byte.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from world_build import build
from world_config import GROUPS, Plants, sample


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, build, say what was built. Exit code 2 for a wrong option."""
    default = sample()
    parser = argparse.ArgumentParser(description="Write a synthetic shop: raw logs, truth, configuration.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the site to write")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--days", type=int, default=default.days, help="local days, the last is 2026-03-01")
    parser.add_argument("--customers", type=int, default=default.customers, help="true customers")
    parser.add_argument("--days-a-file", type=int, default=default.days_a_file, help="of web logs and orders")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the customers")
    parser.add_argument("--only-logs", action="store_true", help="no site.toml and no process folder")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--no-plants", action="store_true", help="the null world")
    choice.add_argument("--plants", help=f"comma-separated, of: {', '.join(GROUPS)}")
    given = parser.parse_args(arguments)
    try:
        plants = Plants.none() if given.no_plants else default.plants
        if given.plants:
            plants = Plants.only(*given.plants.split(","))
        customers = round(given.customers * given.scale)
        config = replace(default, seed=given.seed, days=given.days, customers=customers, plants=plants)
        config = replace(config, only_logs=given.only_logs, days_a_file=given.days_a_file)
    except ValueError as error:
        parser.error(str(error))
    world = build(given.out, config)
    n_pages = sum(len(day) for day in world.hits)
    print(f"{given.out}: {n_pages} pages, {len(world.calls)} calls, {len(world.orders)} orders")
    return 0


if __name__ == "__main__":
    sys.exit(main())
