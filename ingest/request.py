"""The commands of a data subject's request: `whois` answers it, `forget` fulfils it; by an operator, under the lock.

The identifier's plain value may come from standard input, so that it stands in no shell history and no list of
processes. It is in no message, log or run.json.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import typer

from ingest.erasure import Erasure
from ingest.errors import ExitCode, FrontstageError, StateError, UsageError
from ingest.forget import Forgetting, forget
from ingest.nightly import run_stages
from ingest.pseudonym import KINDS
from ingest.record import new_run_id
from ingest.run import Outcome, parse_night, run_stage, stage_night
from ingest.site import LOCK_VARIABLE, Site
from ingest.store import Store
from ingest.whois import as_text, whois


def run_whois(site_root: Path, kind: str, value: str, as_json: bool) -> int:
    """Print what is held of the person. Returns the exit code: 0 also when nothing is."""
    try:
        checked_kind(kind)
        site = Site(site_root)
        site.prepare()
        with site.lock():
            if not site.warehouse.exists():
                raise StateError(f"{site.warehouse}: there is no warehouse yet; run `make nightly`")
            with Store.open(site.warehouse, read_only=True) as store:
                answer = whois(site, store, kind, given_value(kind, value))
    except FrontstageError as error:
        typer.echo(f"frontstage whois: {error}", err=True)
        return int(error.exit_code)
    print(json.dumps(answer, indent=1, default=str) if as_json else "\n".join(as_text(answer)))
    return int(ExitCode.OK)


def run_forget(site_root: Path, kind: str, value: str, until: str, as_json: bool) -> int:
    """Delete the person, derive, mine and report anew, rewrite the warehouse. Returns the exit code."""
    done: list[Forgetting] = []

    def work(site: Site, store: Store) -> Outcome:
        checked_kind(kind)
        day = parse_night(until)
        if day is None:
            raise UsageError("--until: expected the day of the request, YYYY-MM-DD")
        done.append(forget(site, store, kind, given_value(kind, value), day))
        return Outcome(summary="", night=stage_night(store, None), figures=done[0].figures())

    try:
        site = Site(site_root)
        site.prepare()
        with site.lock() as descriptor:
            os.environ[LOCK_VARIABLE] = str(descriptor)
            try:
                code = run_stage("forget", site_root, work)
                if code or not done:
                    return code
                code = _finish(site, descriptor, done[0])
            finally:
                del os.environ[LOCK_VARIABLE]
    except FrontstageError as error:
        typer.echo(f"frontstage forget: {error}", err=True)
        return int(error.exit_code)
    if code:
        typer.echo("frontstage forget: the person's rows are deleted, but reports could not be made anew; "
                   "`make nightly` finishes the erasure", err=True)  # fmt: skip
    print(json.dumps(asdict(done[0]), indent=1, default=str) if as_json else "\n".join(_as_text(done[0])))
    return code


def _finish(site: Site, descriptor: int, done: Forgetting) -> int:
    """Everything that may still show the person: findings, reports, exports, and the bytes of the warehouse."""
    with Store.open(site.warehouse, read_only=True) as store:
        is_mined = store.has_table("finding") and store.has_table("event")
    before = {path.name for path in site.reports.glob("*")}
    if is_mined:
        code = run_stages(site, "", descriptor, new_run_id(site), ("mining", "reports"), is_silent=True)
    else:
        Erasure(site).rewrite()
        Erasure(site).remove_reports()
        code = 0
    done.removed_nights = sorted(before - {path.name for path in site.reports.glob("*")})
    return code


def checked_kind(kind: str) -> str:
    """A kind of identifier. Raises UsageError."""
    if kind not in KINDS:
        raise UsageError(f"--kind: got {kind!r}, expected one of {', '.join(KINDS)}")
    return kind


def given_value(kind: str, value: str) -> str:
    """The identifier: as given, else asked for without an echo, else a line of standard input. Raises UsageError."""
    if not value:
        value = typer.prompt(kind, hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not value.strip():
        raise UsageError(f"no value: give --value, or write the {kind} to standard input")
    return value.strip()


def _as_text(done: Forgetting) -> list[str]:
    lines = [
        f"forgotten up to {done.until}: {done.n_identifiers} identifiers, {done.n_lines} lines "
        f"({done.n_broken} of them broken), {done.n_journeys} journeys"
    ]
    lines += [f"removed report {night}: it showed a journey of theirs" for night in done.removed_nights]
    for file in done.files:
        lines.append(f"still in the inbox: {file['source']}/{file['file']}: lines {', '.join(map(str, file['lines']))}")
    for file in done.copies:
        lines.append("may hold copies: {source}/{file} ({n_duplicate} repeated lines)".format(**file))
    lines.append(
        "Raw files and backups of SITE are yours to clean; keep SITE/var/forgotten: else a rebuild brings them back"
    )
    return lines
