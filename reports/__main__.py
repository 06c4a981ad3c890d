"""`python -m reports --site SITE [--as-of DATE]`: writes the report of the night and makes it the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ingest.cli import (
    SAMPLE,
    JsonOption,
    LogFormatOption,
    NightOption,
    QuietOption,
    SiteOption,
    VersionOption,
    new_app,
    speak,
)

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
    """Write SITE/reports/<night>, then make it SITE/reports/current in one rename."""
    if context.invoked_subcommand is not None:
        return
    from ingest.run import run_stage

    speak(quiet, log_format)
    raise typer.Exit(
        run_stage("reports", site, lambda s, store: report_site(s, store, as_of), read_only=True, as_json_too=json)
    )


def report_site(site: Site, store: Store, as_of: str) -> Outcome:
    """The stage."""
    from ingest.run import Outcome, stage_night
    from reports.stage import report

    night = stage_night(store, as_of)
    folder = report(site, store, night)
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*.html"))
    place = site.reports / "current" / "index.html"
    return Outcome(f"{site.name}: report of {night}: {place} ({n_bytes // 1024} kB)", night, {"n_bytes": n_bytes})


if __name__ == "__main__":
    app(prog_name="python -m reports")
