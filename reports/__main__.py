"""`python -m reports --site SITE [--as-of YYYY-MM-DD]`: write the report of a night from the warehouse."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer
from ingest.errors import FrontstageError, StateError
from ingest.site import Site
from ingest.store import Store

from reports.stage import report

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    site: Annotated[Path, typer.Option(help="the site's folder")],
    as_of: Annotated[str | None, typer.Option(help="night to report, YYYY-MM-DD; default: the one that was mined")] = None,
) -> None:
    """Write SITE/reports/<night> and make it the current report."""
    try:
        where = Site(site)
        if not where.warehouse.exists():
            raise StateError(f"{where.warehouse}: there is no warehouse; run ingest and mining first")
        with Store.open(where.warehouse, read_only=True) as store:
            print(report(where, store, _night(store, as_of)))
    except FrontstageError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(int(error.exit_code)) from error


def _night(store: Store, as_of: str | None) -> dt.date:
    value = as_of or store.value("select value from run_fact where name = 'as_of'")
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise typer.BadParameter(f"got {value!r}, expected a date such as 2026-03-01", param_hint="--as-of") from error


if __name__ == "__main__":
    app()
