"""The error tree of the whole project and the exit code of each branch.

A message says what is wrong, where, what was got, what was expected and what to do next, in one line.
It never carries a value out of a log: values may be personal data.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ExitCode(enum.IntEnum):
    """Process exit codes. `make` turns each of them into 2, so `run.json` repeats the code and the reason."""

    OK = 0
    BUG = 1
    USAGE = 2
    DATA_GATE = 3
    STATE = 4
    STORAGE = 74
    BUSY = 75
    CONFIG = 78
    SIGINT = 130
    SIGTERM = 143


class FrontstageError(Exception):
    """Root of all errors that a user can act on. `exit_code` is what the process ends with."""

    exit_code: ExitCode = ExitCode.BUG


class UsageError(FrontstageError):
    """The command line is wrong: correct the call."""

    exit_code = ExitCode.USAGE


class DataGateError(FrontstageError):
    """The data fails a gate (no usable line, identity broken, too much undeclared): look at the sources."""

    exit_code = ExitCode.DATA_GATE


class StateError(FrontstageError):
    """The warehouse is not what the last run left: restore it or rebuild it from the raw files."""

    exit_code = ExitCode.STATE


class StorageError(FrontstageError):
    """Reading or writing failed (disk full, permission): free space or mend the permission, run again."""

    exit_code = ExitCode.STORAGE


class BusyError(FrontstageError):
    """Another run holds the site: wait for it to end."""

    exit_code = ExitCode.BUSY


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a configuration: file, key (may be empty), and what was got and expected."""

    file: str
    key: str
    what: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.key, self.what) if part)


class ConfigError(FrontstageError):
    """A configuration file is wrong: mend the file and key that the message names.

    `problems` lists them one by one where several were found at once.
    """

    exit_code = ExitCode.CONFIG

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems
