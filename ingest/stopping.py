"""SIGTERM and SIGINT end a stage within a fraction of a second, whatever it is doing.

While DuckDB works in the main thread no Python signal handler runs, and a signal may reach any thread. But C's
handler writes its number to the wake-up pipe at once: a thread reads it there, interrupts the statement at work and,
should the main thread be in Python code, that too.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

from ingest.store import Store

T = TypeVar("T")
STOPPING = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):
    """A stage was stopped by signal `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Stopper:
    """Hears of signals; `store` is what to interrupt."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.store: Store | None = None
        self.has_ended = False
        self._handlers = {number: signal.getsignal(number) for number in STOPPING}
        self._wakeup, self._unraisable = -1, sys.unraisablehook
        self._done = threading.Event()
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin to listen; main thread only."""
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in STOPPING:
            signal.signal(number, _ignore)
        sys.unraisablehook = self._tell_unraisable
        self._thread.start()

    def end(self) -> None:
        """Give the signals back. The watcher is silenced first, and it may interrupt even that; may be called again."""
        while self._thread.is_alive():
            with contextlib.suppress(KeyboardInterrupt):
                self._done.set()
                os.write(self._write, b"\0")
                self._thread.join()
        if self.has_ended:
            return
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        sys.unraisablehook = self._unraisable
        self.has_ended = True
        os.close(self._read)
        os.close(self._write)
        self.store = None

    def _tell_unraisable(self, told: sys.UnraisableHookArgs) -> None:
        """An interruption that hits a finalizer is no news: the next one ends the stage."""
        if self.number is None or not isinstance(told.exc_value, KeyboardInterrupt):
            self._unraisable(told)

    def _watch(self) -> None:
        while not self._done.is_set():
            for number in os.read(self._read, 16):
                if number in STOPPING:
                    self.number = number
            while self.number is not None and not self._done.wait(0.05):
                if self.store is not None:
                    self.store.interrupt()
                _thread.interrupt_main()


def stoppable(work: Callable[[Stopper], T]) -> T:
    """What `work` returns; raises Stopped instead of whatever error the interruption by a signal looks like.

    No context manager: an interruption on its way out of one would leave the watcher at work. Outside of the main
    thread (tests) signals are left alone.
    """
    stopper = Stopper()
    if threading.current_thread() is not threading.main_thread():
        return work(stopper)
    try:
        try:
            stopper.start()
            done = work(stopper)
        finally:
            stopper.end()
    except BaseException as error:
        stopper.end()  # what was raised may be an interruption that kept it from ending
        if stopper.number is not None:
            raise Stopped(stopper.number) from error
        raise
    if stopper.number is not None:
        raise Stopped(stopper.number)
    return done


def _ignore(number: int, _frame: FrameType | None) -> None:
    """The pipe has told the watcher; interrupt_main() comes back here as SIGINT and must raise."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
