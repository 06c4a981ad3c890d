"""What a run says while it works, on stderr; stdout is for results only.

On a terminal one living line shows the file at hand, and problems are printed in words. Without a terminal, as under
cron, only problems are printed: a clean night says nothing, so cron sends no mail. `--log-format text` or `json` asks
for every step, `--quiet` for problems only. A line never holds a value of a log: texts of DuckDB's and Python's
exceptions are not logged, and what looks personal in a file's name is replaced.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sys
from typing import Any

from ingest.scrub import scrub

LEVEL_VARIABLE = "FRONTSTAGE_LOG"
FORMAT_VARIABLE = "FRONTSTAGE_LOG_FORMAT"
QUIET_VARIABLE = "FRONTSTAGE_QUIET"
RESULTS_VARIABLE = "FRONTSTAGE_RESULTS"
FIELDS = ("event", "source", "file", "number", "of", "counts", "exit_code", "seconds")
"""What a record may carry beside its message, by `extra`; each becomes a field of its JSON line."""


def configure(stage: str) -> None:
    """Set up the loggers of one stage by the environment (options are handed on to child processes as variables)."""
    close()
    logger = logging.getLogger("frontstage")
    asked = os.environ.get(FORMAT_VARIABLE, "")
    default = logging.INFO if asked and not is_quiet() else logging.WARNING
    level = logging.getLevelNamesMapping().get(os.environ.get(LEVEL_VARIABLE, "").upper(), default)
    lines = _Lines()
    lines.setLevel(level)
    lines.setFormatter(_JsonLine(stage) if asked == "json" else _Text(stage))
    logger.addHandler(lines)
    logger.propagate = False
    if shows_progress():
        logger.addHandler(_Progress())
        level = min(level, logging.INFO)
    logger.setLevel(level)


def name_run(run_id: str) -> None:
    """From now on lines carry the run's number."""
    for handler in logging.getLogger("frontstage").handlers:
        if isinstance(handler.formatter, _JsonLine):
            handler.formatter.run_id = run_id


def end_progress() -> None:
    """Take the living line away."""
    for handler in logging.getLogger("frontstage").handlers:
        if isinstance(handler, _Progress):
            handler.stop()


def close() -> None:
    """Take the living line away and forget the handlers."""
    end_progress()
    logger = logging.getLogger("frontstage")
    for handler in [*logger.handlers]:
        logger.removeHandler(handler)
        handler.close()


def is_quiet() -> bool:
    """Whether only problems are to be told, on both streams."""
    return bool(os.environ.get(QUIET_VARIABLE))


def tells_results() -> bool:
    """Whether a stage says on stdout what it did: not when quiet, nor as part of a night that nobody watches."""
    return not is_quiet() and os.environ.get(RESULTS_VARIABLE) != "none"


def is_terminal() -> bool:
    """Whether a person looks at stderr, on a terminal that can move its cursor."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def shows_progress() -> bool:
    """Whether a living line may be drawn."""
    return is_terminal() and not is_quiet() and os.environ.get(FORMAT_VARIABLE, "") != "json"


class _Lines(logging.Handler):
    """Writes to what stderr is at that moment, so that the living line can be moved out of the way."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


class _Text(logging.Formatter):
    """`frontstage ingest: warning: web/a.gz: refused: ...`; an error is the stage's end and needs no such word."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self.stage = stage

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno >= logging.ERROR else f"{record.levelname.lower()}: "
        return f"frontstage {self.stage}: {level}{_told(record)}"


class _JsonLine(logging.Formatter):
    """One JSON object per line."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self.stage = stage
        self.run_id: str | None = os.environ.get("FRONTSTAGE_RUN")

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "run_id": self.run_id,
            "stage": self.stage,
            "event": "message",
            "message": _told(record),
        }
        for name in FIELDS:
            if hasattr(record, name):
                value = getattr(record, name)
                line[name] = scrub(value) if isinstance(value, str) else value
        return json.dumps(line, ensure_ascii=True)


def _told(record: logging.LogRecord) -> str:
    """The message; at debug level it is a name or a place in the code, which may take several lines."""
    text = record.getMessage()
    return text if record.levelno <= logging.DEBUG else scrub(text)


class _Progress(logging.Handler):
    """The living line: which file of how many, and its lines. It is gone when the stage ends."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        super().__init__(logging.INFO)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), MofNCompleteColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
        self._task: Any = None

    def emit(self, record: logging.LogRecord) -> None:
        of, number = getattr(record, "of", None), getattr(record, "number", None)
        if of is None or number is None:
            return
        if self._task is None:
            self._task = self._progress.add_task("", total=of)
            self._progress.start()
        self._progress.update(self._task, description=scrub(record.getMessage()), completed=number, total=of)

    def stop(self) -> None:
        self._progress.stop()
