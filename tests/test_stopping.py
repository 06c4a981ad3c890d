"""A signal ends a stage as Stopped, whenever it comes: also while the stage ends by itself."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from ingest.stopping import Stopped, Stopper, stoppable

ROUNDS = int(os.environ.get("FRONTSTAGE_STOPS", "40"))


def killed(number: signal.Signals, busy_s: float) -> None:
    """Work that gets a signal and goes on for a while, if it can."""
    os.kill(os.getpid(), number)
    until = time.perf_counter() + busy_s
    while time.perf_counter() < until:
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_near_the_end_of_a_stage_is_told_as_such_and_as_nothing_else(number: signal.Signals) -> None:
    """The watcher interrupts every 50 ms until it is silenced: sooner or later in the midst of that."""
    rng, handlers = random.Random(3), [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)]
    for _ in range(ROUNDS):
        try:
            stoppable(lambda _: killed(number, rng.uniform(0, 0.004) + 0.05 * rng.randrange(2)))
        except Stopped as stopped:
            assert stopped.number == number
        time.sleep(0.001)  # an interruption that comes late would hit here
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)] == handlers


def test_an_interruption_of_the_silencing_itself_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    end, calls = Stopper.end, []

    def interrupted(stopper: Stopper) -> None:
        calls.append(stopper.has_ended)
        if len(calls) == 1:
            raise KeyboardInterrupt
        end(stopper)

    monkeypatch.setattr(Stopper, "end", interrupted)
    met: list[Stopper] = []

    def work(stopper: Stopper) -> None:
        met.append(stopper)
        stopper.number = int(signal.SIGTERM)

    with pytest.raises(Stopped):
        stoppable(work)
    assert calls == [False, False] and met[0].has_ended
