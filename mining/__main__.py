"""`python -m mining --site SITE [--as-of DATE]`: the mining stage of one site."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer
from ingest.errors import ExitCode, FrontstageError, StateError

app = typer.Typer(add_completion=False, help="Mine the customer process: aggregates, discovery, findings.")


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    site: Annotated[Path, typer.Option(help="the site's folder")] = Path("data/sample"),
    as_of: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the night to mine; default: the warehouse's")] = None,
) -> None:
    """Run the stage on a site whose warehouse ingest has filled."""
    if context.invoked_subcommand is not None:
        return
    try:
        _mine(site, as_of.date() if as_of else None)
    except FrontstageError as error:
        typer.echo(f"mining: {error}", err=True)
        raise typer.Exit(int(error.exit_code)) from error


def _mine(root: Path, night: dt.date | None) -> None:
    from ingest.site import Site
    from ingest.store import Store

    from mining.stage import mine

    place = Site(root)
    if not place.warehouse.exists():
        raise StateError(f"{place.warehouse}: no warehouse yet; expected the one that ingest leaves; run ingest first")
    with place.lock(), Store.open(place.warehouse) as store:
        mine(place, store, night or night_of(store))
        store.checkpoint()


def night_of(store: object) -> dt.date:
    """The night the warehouse was last ingested for. Raises StateError when it is not told."""
    text = store.value("select value from run_fact where name = 'as_of'")  # type: ignore[attr-defined]
    if not text:
        raise StateError("the warehouse tells no night (run_fact as_of); run ingest first or give --as-of")
    return dt.date.fromisoformat(str(text)[:10])


def main() -> int:
    """Entry point; the process ends with the exit code of the error tree."""
    app()
    return int(ExitCode.OK)


if __name__ == "__main__":
    sys.exit(main())
