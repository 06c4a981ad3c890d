"""`python -m mining --site SITE [--as-of DATE]`: the mining stage of one site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.run import run_stage, stage_night
from ingest.site import Site
from ingest.store import Store

app = typer.Typer(add_completion=False, invoke_without_command=True, pretty_exceptions_enable=False)


@app.callback()
def main(
    context: typer.Context,
    site: Annotated[Path, typer.Option("--site", help="Folder of the site.")] = Path("data/sample"),
    as_of: Annotated[str, typer.Option("--as-of", help="The night that ingest left, YYYY-MM-DD.")] = "",
) -> None:
    """Aggregate the journeys, discover the process, look for findings, write the exports."""
    if context.invoked_subcommand is None:
        raise typer.Exit(run_stage("mining", site, lambda s, store: mine_site(s, store, as_of)))


def mine_site(site: Site, store: Store, as_of: str) -> dict[str, Any]:
    """The stage. Returns figures for run.json."""
    from mining.stage import mine  # pm4py takes seconds to import; --help must not wait for it

    night = stage_night(store, as_of)
    mine(site, store, night)
    counts = store.rows("select status, count(*) from finding group by status order by status")
    print(f"{site.name}: findings of {night}: " + (", ".join(f"{n} {status}" for status, n in counts) or "none"))
    return {"night": night.isoformat(), "n_findings": dict(counts)}


if __name__ == "__main__":
    app(prog_name="python -m mining")
