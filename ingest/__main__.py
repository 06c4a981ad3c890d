"""`python -m ingest`: reads what is new in the inboxes; and the operators' further commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.derive import derive, undeclared
from ingest.errors import FrontstageError
from ingest.load import load
from ingest.nightly import nightly as run_nightly
from ingest.request import run_forget, run_whois
from ingest.run import parse_night, run_stage
from ingest.site import Site
from ingest.status import status_lines
from ingest.store import Store

app = typer.Typer(add_completion=False, invoke_without_command=True, pretty_exceptions_enable=False)
SiteOption = Annotated[Path, typer.Option("--site", help="Folder of the site.")]
NightOption = Annotated[
    str, typer.Option("--as-of", help="Last day that counts, YYYY-MM-DD; by default the site's or the data's last day.")
]
KindOption = Annotated[
    str, typer.Option("--kind", help="customer_no, login, email, order_no, call_no, reference, phone, cookie.")
]
ValueOption = Annotated[
    str, typer.Option("--value", help="The plain value; by default asked for, or a line of standard input.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SAMPLE = Path("data/sample")


@app.callback()
def main(context: typer.Context, site: SiteOption = SAMPLE, as_of: NightOption = "") -> None:
    """Read the files that are new in SITE/inbox into the event table, and derive customers and journeys."""
    if context.invoked_subcommand is None:
        raise typer.Exit(run_stage("ingest", site, lambda s, store: ingest(s, store, as_of)))


def ingest(site: Site, store: Store, as_of: str) -> dict[str, Any]:
    """The stage: load, then derive. Returns figures for run.json; `gate` when too much is undeclared."""
    night = parse_night(as_of)
    loaded = load(site, store)
    night = derive(site, store, night)
    n_undeclared, n_events = undeclared(store)
    figures: dict[str, Any] = {
        "night": night.isoformat(),
        "n_files": loaded.n_files,
        "n_new_files": loaded.n_new_files,
        "n_refused_files": loaded.n_refused,
        "n_lines": loaded.n_lines,
        "n_events": n_events,
        "n_undeclared": n_undeclared,
    }
    limit = site.settings.site.undeclared_share_limit
    if n_undeclared > limit * n_events:
        figures["gate"] = (
            f"{n_undeclared} of {n_events} events ({n_undeclared / n_events:.1%}) carry codes that the step dictionary "
            f"does not declare, more than {limit:.1%}; declare them in {site.process / 'steps.toml'} (the report's "
            "data page lists them)"
        )
    print(f"{site.name}: {loaded.n_new_files} new of {loaded.n_files} files, {n_events} events up to {night}")
    return figures


@app.command()
def nightly(site: SiteOption = SAMPLE, as_of: NightOption = "") -> None:
    """The main job: ingest, mine, report, publish, under one lock and one run.json."""
    raise typer.Exit(run_nightly(site, as_of))


@app.command()
def status(site: SiteOption = SAMPLE) -> None:
    """Files, lines and what became of them; the last runs."""
    try:
        for line in status_lines(Site(site)):
            print(line)
    except FrontstageError as error:
        typer.echo(f"frontstage status: {error}", err=True)
        raise typer.Exit(int(error.exit_code)) from error


@app.command()
def whois(kind: KindOption, value: ValueOption = "", site: SiteOption = SAMPLE, json: JsonOption = False) -> None:
    """Answer an access request: what is held of the person behind an identifier."""
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
    raise typer.Exit(run_forget(site, kind, value, until, json))


if __name__ == "__main__":
    app(prog_name="python -m ingest")
