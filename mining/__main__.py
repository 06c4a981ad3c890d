"""`python -m mining --site SITE [--as-of DATE]`: the mining stage of one site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import (
    SAMPLE,
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
from ingest.errors import FrontstageError

if TYPE_CHECKING:
    from ingest.run import Outcome
    from ingest.site import Site
    from ingest.store import Store

app = new_app()


@app.callback()
def main(
    context: typer.Context,
    site: SiteOption = SAMPLE,
    as_of: NightOption = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
    log_format: LogFormatOption = None,
    _version: VersionOption = False,
) -> None:
    """Aggregate the journeys, discover the process, look for findings, write the exports."""
    if context.invoked_subcommand is not None:
        return
    from ingest.run import run_stage

    speak(quiet, log_format)
    raise typer.Exit(run_stage("mining", site, lambda s, store: mine_site(s, store, as_of), as_json_too=json))


def mine_site(site: Site, store: Store, as_of: str) -> Outcome:
    """The stage."""
    from ingest.run import Outcome, stage_night
    from mining.stage import mine  # pm4py takes seconds to import; --help must not wait for it

    night = stage_night(store, as_of)
    mine(site, store, night)
    counts = store.rows("select status, count(*) from finding group by status order by status")
    told = ", ".join(f"{n} {status}" for status, n in counts) or "none"
    return Outcome(f"{site.name}: findings of {night}: {told}", night, {"n_findings": dict(counts)})


@app.command("config-check")
def config_check(site: SiteOption = SAMPLE, json: JsonOption = False) -> None:
    """Name everything that is wrong with the intended process and the calendar, one line each; exit code 0 or 78."""
    from ingest.problems import tell_problems
    from ingest.site import Site
    from mining.checking import problems

    try:
        found = problems(Site(site))
    except FrontstageError as error:
        raise fail("config-check", error) from error
    raise typer.Exit(tell_problems(found, as_json_too=json))


@app.command()
def export(
    formats: Annotated[list[str] | None, typer.Argument(help="Which exports; by default all.")] = None,
    site: SiteOption = SAMPLE,
) -> None:
    """Write the exports of the last night once more, also those that a night of a large site leaves out."""
    from ingest.errors import UsageError
    from ingest.site import Site
    from ingest.store import Store
    from mining import exporting

    try:
        known = [one.name for one in exporting.scan()]
        for name in formats or ():
            if name not in known:
                raise UsageError(f"{name}: no such export; expected {', '.join(known)}")
        here = Site(site)
        here.prepare()
        with here.lock(), Store.open(here.warehouse, read_only=True) as store:
            for path in exporting.write(here, store, formats or known):
                print(path)
    except FrontstageError as error:
        raise fail("export", error) from error


@app.command()
def schema() -> None:
    """Print the JSON Schema of exports/findings.json."""
    from mining.exporting.findings_schema import schema as text

    print(text(), end="")


if __name__ == "__main__":
    app(prog_name="python -m mining")
