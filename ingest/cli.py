"""What the commands of all stages share: their options and how they hand them on. Imports nothing slow: `--help` and
`--version` answer at once.
"""

from __future__ import annotations

import enum
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ingest import __version__
from ingest.errors import FrontstageError

SAMPLE = Path("data/sample")


class LogFormat(enum.StrEnum):
    """How every step is told on stderr, when that is asked for."""

    TEXT = "text"
    JSON = "json"


def new_app() -> typer.Typer:
    """The command of a stage."""
    return typer.Typer(add_completion=False, invoke_without_command=True, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:
    if asked:
        print(f"frontstage {__version__}")
        raise typer.Exit


SiteOption = Annotated[Path, typer.Option("--site", help="Folder of the site.")]
NightOption = Annotated[
    str, typer.Option("--as-of", help="Last day that counts, YYYY-MM-DD; by default the site's or the data's last day.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Say nothing but problems.")]
LogFormatOption = Annotated[
    LogFormat | None, typer.Option("--log-format", help="Tell every step on stderr, as text or as JSON lines.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON; `schema` prints its JSON Schema.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be read and change nothing.")]
VersionOption = Annotated[
    bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
]


def speak(quiet: bool, log_format: LogFormat | None) -> None:
    """Hand the options of speech on to this process's loggers, and to the stages it starts."""
    from ingest.log import FORMAT_VARIABLE, QUIET_VARIABLE

    if quiet:
        os.environ[QUIET_VARIABLE] = "1"
    if log_format:
        os.environ[FORMAT_VARIABLE] = log_format.value


def fail(command: str, error: FrontstageError) -> typer.Exit:
    """Say why a command that is no run ends, in one line; returns what to raise."""
    print(f"frontstage {command}: {error}", file=sys.stderr)
    return typer.Exit(int(error.exit_code))
