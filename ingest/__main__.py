"""`python -m ingest`: reads what is new in the inboxes; and the operators' further commands."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from ingest.cli import (
    SAMPLE,
    DryRunOption,
    JsonOption,
    LogFormatOption,
    NightOption,
    QuietOption,
    SiteOption,
    VersionOption,
    fail,
    new_app,
    speak,
)
from ingest.errors import FrontstageError, UsageError

app = new_app()
KindOption = Annotated[
    str, typer.Option("--kind", help="customer_no, login, email, order_no, call_no, reference, phone, cookie.")
]
ValueOption = Annotated[
    str, typer.Option("--value", help="The plain value; by default asked for, or a line of standard input.")
]


@app.callback()
def main(
    context: typer.Context,
    site: SiteOption = SAMPLE,
    as_of: NightOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    log_format: LogFormatOption = None,
    _version: VersionOption = False,
) -> None:
    """Read the files that are new in SITE/inbox into the event table, and derive customers and journeys."""
    if context.invoked_subcommand is not None:
        return
    speak(quiet, log_format)
    if dry_run:
        from ingest.rehearsal import rehearse

        raise typer.Exit(rehearse(site, as_of, as_json_too=json))
    from ingest.run import run_stage
    from ingest.stage import ingest

    raise typer.Exit(run_stage("ingest", site, lambda s, store: ingest(s, store, as_of), as_json_too=json))


@app.command()
def requarantine(
    site: SiteOption = SAMPLE,
    as_of: NightOption = "",
    source: Annotated[str, typer.Option("--source", help="Only this source; by default all.")] = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
    log_format: LogFormatOption = None,
) -> None:
    """Replay quarantined lines after a rule was mended, as if it had never been broken; then derive anew."""
    speak(quiet, log_format)
    from ingest.run import run_stage
    from ingest.stage import replay

    work = lambda s, store: replay(s, store, as_of, source)  # noqa: E731
    raise typer.Exit(run_stage("requarantine", site, work, as_json_too=json))


@app.command()
def nightly(
    site: SiteOption = SAMPLE,
    as_of: NightOption = "",
    first: Annotated[str, typer.Option("--from", help="First of several nights to run one after the other.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last of them.")] = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    log_format: LogFormatOption = None,
) -> None:
    """The main job: ingest, mine, report, publish, under one lock and one run.json."""
    speak(quiet, log_format)
    if dry_run:
        if first or last:
            raise fail("nightly", UsageError("--dry-run foretells one night: give --as-of instead of --from and --to"))
        from ingest.rehearsal import rehearse

        raise typer.Exit(rehearse(site, as_of, as_json_too=json))
    from ingest.nightly import nightly as run_nightly

    raise typer.Exit(run_nightly(site, as_of, first, last, as_json_too=json))


@app.command()
def status(site: SiteOption = SAMPLE, json: JsonOption = False) -> None:
    """What the warehouse holds and what became of every line; the last run and the last good one."""
    from ingest.record import as_json
    from ingest.site import Site
    from ingest.status import read_status, status_lines

    try:
        found = read_status(Site(site))
    except FrontstageError as error:
        raise fail("status", error) from error
    print(as_json(found) if json else "\n".join([*status_lines(found), ""]), end="")


@app.command("config-check")
def config_check(site: SiteOption = SAMPLE, json: JsonOption = False) -> None:
    """Name everything that is wrong with the site's configuration, one line each; exit code 0 or 78."""
    from ingest.checking import problems
    from ingest.problems import tell_problems
    from ingest.site import Site

    try:
        found = problems(Site(site))
    except FrontstageError as error:
        raise fail("config-check", error) from error
    raise typer.Exit(tell_problems(found, as_json_too=json))


@app.command()
def sniff(
    files: Annotated[list[Path], typer.Argument(help="Files of unknown formats, or folders of them.")],
    json: JsonOption = False,
) -> None:
    """Name the format of files and how sure that is, show ten events, and what to write in site.toml."""
    from ingest.sniffing.tell import run_sniff

    try:
        raise typer.Exit(run_sniff(files, as_json_too=json))
    except FrontstageError as error:
        raise fail("sniff", error) from error


@app.command()
def new(
    site: Annotated[Path, typer.Option("--site", help="Folder of the site to write; it must not be there yet.")],
    folder: Annotated[Path, typer.Option("--from", help="Folder with your raw files; they are copied.")],
) -> None:
    """Write a draft site from a folder of raw files: sources, step dictionary, intended process."""
    from ingest.sniffing.draft import run_new

    try:
        raise typer.Exit(run_new(site, folder))
    except FrontstageError as error:
        raise fail("new", error) from error


class SchemaName(enum.StrEnum):
    """What there is a JSON Schema of."""

    SITE = "site"
    STEPS = "steps"
    RUN = "run"
    PLAN = "dry-run"
    STATUS = "status"
    SNIFF = "sniff"


@app.command()
def schema(of: Annotated[SchemaName, typer.Argument(help="Which schema.")]) -> None:
    """Print a JSON Schema: of site.toml, steps.toml, run.json, or of what --dry-run and status print with --json."""
    from ingest.schemas import schema_of

    print(schema_of(of.value), end="")


@app.command()
def whois(kind: KindOption, value: ValueOption = "", site: SiteOption = SAMPLE, json: JsonOption = False) -> None:
    """Answer an access request: what is held of the person behind an identifier."""
    from ingest.request import run_whois

    raise typer.Exit(run_whois(site, kind, value, json))


@app.command()
def forget(
    kind: KindOption,
    until: Annotated[str, typer.Option("--until", help="The day of the request, YYYY-MM-DD; later contact is new.")],
    value: ValueOption = "",
    site: SiteOption = SAMPLE,
    json: JsonOption = False,
) -> None:
    """Erase the person behind an identifier, for good: warehouse, reports, exports."""
    from ingest.request import run_forget

    raise typer.Exit(run_forget(site, kind, value, until, json))


if __name__ == "__main__":
    app(prog_name="python -m ingest")
