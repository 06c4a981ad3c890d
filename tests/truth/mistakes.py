"""Known mistakes of models that no standard world judges, each with the test that must break with it (method 11.4).

A pytest plugin: `FRONTSTAGE_MISTAKE=NAME pytest -p mistakes NODE` runs a test with the mistake in.
`make truth MUTATE=1` runs them all, each in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

ROOT = Path(__file__).parents[2]
ASKED = "FRONTSTAGE_MISTAKE"
_STACK = ExitStack()


@contextmanager
def everywhere(**values: Any) -> Iterator[None]:
    """Replace names in every module of mining that holds them. Raises LookupError for a name that none holds."""
    with ExitStack() as stack:
        for name, value in values.items():
            holders = [m for title, m in sorted(sys.modules.items()) if title.startswith("mining.") and name in vars(m)]
            if not holders:
                raise LookupError(
                    f"no module of mining has {name}: the mistake can't be put back as it is written here"
                )
            for module in holders:
                stack.enter_context(mock.patch.object(module, name, value))
        yield


def table_of_journeys() -> AbstractContextManager[Any]:
    """Lift for hazard: every step of a journey that ends badly counts as followed by the bad end."""
    from mining import hazard_rows

    def terminal(context: Any, moments: Any, outcome: Any) -> Any:
        risk = right(context, moments, outcome)
        at = np.flatnonzero(np.isin(moments.journey, moments.journey[risk.bad]))
        place, journey = moments.place(at), moments.journey[at]
        held = (place >= risk.low[journey]) & (place < risk.high[journey])
        held &= True if risk.is_row is None else risk.is_row[at]
        return replace(risk, bad=at[held])

    right = hazard_rows._terminal
    return mock.patch.object(hazard_rows, "_terminal", terminal)


def every_row_a_customer() -> AbstractContextManager[Any]:
    """Errors as if a customer's times were those of as many customers (chi-square on events)."""
    from mining import hazard

    def naive(made: Any, fitted: Any, times: Any, seen: Any, chosen: Any, columns: Any = None) -> Any:
        kept = None if chosen is None else np.repeat(chosen, np.diff(times.starts))
        return right(made, fitted, replace(times, starts=np.arange(len(times.pattern) + 1)), seen, kept, columns)

    right = hazard.sandwich
    return everywhere(sandwich=naive)


def days_for_weeks() -> AbstractContextManager[Any]:
    """Errors of days: each week's noise counted as that of seven independent days."""
    from mining.changes import estimate

    def daily(before: Any, after: Any, confidence: float) -> Any:
        return right(np.repeat(before, 7), np.repeat(after, 7), confidence)

    right = estimate.step_of_means
    return mock.patch.object(estimate, "step_of_means", daily)


def minutes_a_call() -> AbstractContextManager[Any]:
    """Giving up as a saving: minutes on the line a call that was taken up, no penalty, whatever stays open."""
    from mining.whatif import measures

    def measure(*arguments: Any, **named: Any) -> Any:
        found = right(*arguments, **named)
        values = found.values
        lost = values["abandon_share"] * values["contacts_per_need"] * measures.ABANDON_PENALTY_MIN
        calls = max(values["contacts_per_need"], 1e-9)
        return replace(found, values=values | {"min_per_need": (values["min_per_need"] - lost) / calls})

    right = measures.measure
    return everywhere(measure=measure)


def seen_is_shown() -> AbstractContextManager[Any]:
    """Existence taken for a rate beyond the tolerance."""
    from mining import tolerated

    return mock.patch.object(tolerated, "binomial_above", lambda hits, n, share: float(not n or hits / n <= share))


def pooled_tendency() -> AbstractContextManager[Any]:
    """Tendency round the means of all journeys, taken as one in twenty, and not of the journey itself."""
    from mining import tendency

    def pooled(seen: Sequence[tuple[str, str]], back_to: str) -> float:
        return sum(((before == back_to) - 0.05) * ((after == back_to) - 0.05) for before, after in seen)

    return mock.patch.object(tendency, "within", pooled)


def outage_is_skipping() -> AbstractContextManager[Any]:
    """Journeys under way while a source delivered nothing count like others."""
    from mining import recording

    def prepare(store: Any, context: Any) -> None:
        right(store, context)
        store.run("delete from unrecorded_journey")

    right = recording.prepare
    return mock.patch.object(recording, "prepare", prepare)


MISTAKES: dict[str, tuple[Callable[[], AbstractContextManager[Any]], str]] = {
    "lift instead of hazard": (
        table_of_journeys,
        "tests/mining/test_failure_points.py::test_planted_hazards_are_found_with_their_size",
    ),
    "chi-square on events": (
        every_row_a_customer,
        "tests/mining/test_failure_points.py::test_the_sandwich_of_customers_with_one_row_is_that_of_rows",
    ),
    "day-level errors": (
        days_for_weeks,
        "tests/mining/test_change_effects.py::test_intervals_cover_in_null_worlds_and_planted_ones",
    ),
    "abandonment as saving": (
        minutes_a_call,
        "tests/mining/test_whatif.py::test_splitting_a_pool_costs_and_giving_up_is_no_saving",
    ),
    "existence for a rate": (
        seen_is_shown,
        "tests/mining/test_tolerated.py",
    ),
    "pooled tendency": (
        pooled_tendency,
        "tests/mining/test_loops.py::test_customers_who_merely_differ_show_no_tendency",
    ),
    "outage taken for skipping": (
        outage_is_skipping,
        "tests/mining/test_deviations.py::test_an_outage_is_no_deviation",
    ),
}


def pytest_configure() -> None:
    """Put the mistake in before any test is read."""
    _STACK.enter_context(MISTAKES[os.environ[ASKED]][0]())


def pytest_unconfigure() -> None:
    """And take it out."""
    _STACK.close()


def breaks(name: str) -> bool:
    """Whether the test holds, and what it asserts does not hold with the mistake.

    Raises RuntimeError when it fails either way, or when it fails with the mistake by an error of another kind.
    """
    node = MISTAKES[name][1]
    for mistake in (None, name):
        done = _run(node, mistake)
        asserted = ": assert " in done.stdout or "AssertionError" in done.stdout
        if done.returncode not in (0, 1) or (done.returncode and not (mistake and asserted)):
            raise RuntimeError(f"{node} with {mistake or 'no mistake'}: mend it first\n{done.stdout}{done.stderr}")
    return done.returncode == 1


def _run(node: str, mistake: str | None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", node]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests/truth")))}
    if mistake is not None:
        command += ["-p", "mistakes"]
        env |= {ASKED: mistake}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
