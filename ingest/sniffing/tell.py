"""What was sniffed, in words, and the command's end."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.errors import ExitCode, UsageError
from ingest.record import Record, as_json
from ingest.sniffing.toml_text import toml_lines
from ingest.sniffing.trial import bench
from ingest.sniffing.verdict import Sniffed, sniff

_SURE = {
    "sure": "surely",
    "likely": "likely",
    "doubtful": "perhaps",
}


class SniffedFiles(Record):
    """The answer of `sniff --json`."""

    schema_version: int = 1
    files: list[Sniffed]


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files that are named, and those in folders that are named. Raises UsageError for a path that isn't there."""
    found: list[Path] = []
    for path in paths:
        try:
            is_folder, is_there = path.is_dir(), path.exists() or path.is_symlink()
        except (OSError, ValueError):  # a name that is too long, or holds a NUL
            is_folder = is_there = False
        if not is_there:
            raise UsageError(f"{path}: no such file; expected files to look at, or folders of them")
        if is_folder:
            inner = sorted(p for p in path.rglob("*") if not p.is_dir())
            found += [p for p in inner if not any(part.startswith(".") for part in p.relative_to(path).parts)]
        else:
            found.append(path)
    return found


def run_sniff(paths: Sequence[Path], *, as_json_too: bool) -> int:
    """Print what each file is; 0, or 3 when there is one that no adapter reads. Raises UsageError."""
    files = files_of(paths)
    if not files:
        raise UsageError("no file to look at; expected files, or folders of them")
    logging.getLogger("frontstage").addHandler(logging.NullHandler())
    found = []
    with bench() as table:
        for path in files:
            found.append(sniff(path, table))
            if not as_json_too:
                print("\n".join(told(found[-1])), flush=True)
    if as_json_too:
        print(as_json(SniffedFiles(files=found)), end="")
    is_named = all(one.adapter for one in found)
    return int(ExitCode.OK if is_named else ExitCode.DATA_GATE)


def told(found: Sniffed) -> Iterator[str]:
    """What one file is, in lines."""
    if found.adapter is None:
        yield f"{found.file}: {found.reason}"
        if found.runner_up:
            yield f"  the nearest is {found.runner_up.adapter}: it reads {found.runner_up.share:.0%} of the first lines"
        yield from (f"  ? {doubt}" for doubt in found.doubts)
        yield ""
        return
    yield f"{found.file}: {_SURE[found.sureness]} {found.adapter}: {found.summary}"
    other = f"{found.runner_up.adapter}, {found.runner_up.share:.0%}" if found.runner_up else "none"
    yield f"  reads {found.share:.1%} of the first {found.n_lines} lines or records; next best: {other}"
    if found.n_dropped:
        yield f"  {found.n_dropped} of them are not wanted (pictures, robots and the like)"
    if found.first_at:
        yield f"  {found.n_events} events from {found.first_at} to {found.last_at}; the first:"
    for event in found.events:
        seconds = "".join(
            f", {name} {value:g} s" for name, value in (("wait", event.wait_s), ("handled", event.handle_s)) if value
        )
        what = f", product {event.product}" if event.product else ""
        yield f"    {event.occurred_at}  {event.code}{what}{seconds}  [{', '.join(event.who) or 'nobody'}]"
    yield "  in site.toml:"
    yield "    [[source]]"
    yield from ("    " + line for line in toml_lines("source", {"adapter": found.adapter, **found.settings}))
    yield from (f"  ? {doubt}" for doubt in found.doubts)
    yield ""
