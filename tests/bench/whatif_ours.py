"""What a scenario costs: whatif_ours.py CONTACTS_PER_YEAR (a call centre whose calls the engine itself makes).

`cases_per_s`: needs of a run, with all their contacts, by second of the engine alone, one process. `scenario_s`: account
executives with 30 replications, their ranges and the break-even picture, on all processes that a night uses.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "mining"))

import whatif_world as world

from mining.whatif.building import Today, base_run
from mining.whatif.calibration import calibrate, prepare
from mining.whatif.comparing import compare
from mining.whatif.draws import draw
from mining.whatif.engine import Centre
from mining.whatif.measures import RUN_WEEKS
from mining.whatif.reading import WEEK_S

CONTACTS_A_NEED = 1.25
TALK_S, OPEN_H, LOAD = 300.0, 70.0, 0.8
ASSUMED = {
    "inbound_factor": {"low": 0.7, "mid": 0.85, "high": 1.0, "source": "none"},
    "repeat_factor": {"low": 0.6, "mid": 0.8, "high": 1.0, "source": "none"},
    "service_factor": {"low": 1.0, "mid": 1.1, "high": 1.25, "source": "none"},
    "order_uplift": {"low": 0.0, "mid": 0.0, "high": 0.03, "source": "none"},
}


def cpu_s() -> float:
    """Processor time of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    contacts_per_week = float(sys.argv[1]) / 52
    needs = contacts_per_week / CONTACTS_A_NEED
    agents = math.ceil(contacts_per_week * TALK_S / 3_600 / OPEN_H / LOAD)
    today = Today(("calls",), world.staffing(agents))
    calls = world.calls_of(world.behaviour(needs_per_week=needs, customers=round(2 * needs)), today, 8, 1)
    started = time.perf_counter()
    prepared = prepare(calls, today.staffing)
    behaviour = calibrate(prepared)
    calibrated = time.perf_counter()
    drawn = draw(behaviour, 1, 0, RUN_WEEKS)
    run = base_run(today, behaviour, drawn)
    drew = time.perf_counter()
    log = Centre(run.needs, run.wanted, run.regime, RUN_WEEKS * float(WEEK_S)).run()
    ran = time.perf_counter() - drew
    scenario = world.executives(max(1, agents // 2), True, 30, **ASSUMED)
    before, before_cpu = time.perf_counter(), cpu_s()
    found = compare(prepared, today, scenario)
    print(
        json.dumps(
            {
                "contacts": calls.n_calls / 8 * 52, "agents": agents, "calibrate_s": calibrated - started,
                "draw_s": drew - calibrated, "cases_per_s": len(run.wanted) / ran, "contacts_per_s": len(log.rows) / ran,
                "scenario_s": time.perf_counter() - before,
                "scenario_cpu_s": cpu_s() - before_cpu, "replications": found.replications,
                "minutes": found.differences["neutral"]["min_per_need"].record(),
                "variance_ratio": found.variance_ratio,
                "peak_mb": max(
                    resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
                ) / 1024,
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
