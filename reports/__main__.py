"""`python -m reports --site SITE [--as-of DATE]`: writes the report of the night and makes it the current one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.run import run_stage, stage_night
from ingest.site import Site
from ingest.store import Store
from reports.stage import report

app = typer.Typer(add_completion=False, invoke_without_command=True, pretty_exceptions_enable=False)


@app.callback()
def main(
    context: typer.Context,
    site: Annotated[Path, typer.Option("--site", help="Folder of the site.")] = Path("data/sample"),
    as_of: Annotated[str, typer.Option("--as-of", help="The night that was mined, YYYY-MM-DD.")] = "",
) -> None:
    """Write SITE/reports/<night>, then make it SITE/reports/current in one rename."""
    if context.invoked_subcommand is None:
        raise typer.Exit(run_stage("reports", site, lambda s, store: report_site(s, store, as_of), read_only=True))


def report_site(site: Site, store: Store, as_of: str) -> dict[str, Any]:
    """The stage. Returns figures for run.json."""
    night = stage_night(store, as_of)
    folder = report(site, store, night)
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*.html"))
    print(f"{site.name}: report of {night}: {site.reports / 'current' / 'index.html'} ({n_bytes // 1024} kB)")
    return {"night": night.isoformat(), "n_bytes": n_bytes}


if __name__ == "__main__":
    app(prog_name="python -m reports")
