"""Audits: what could make the night's numbers false, looked for before anything is published.

An audit is one `.sql` file of this folder: front matter with `summary`, `severity` (`warn`: a banner in the report;
`error`: no report, exit code 3), perhaps `publishes = true` (an error that the report is made in spite of), and
`floors`, why small sites raise no false alarm, and `message` with places, or several by name in `messages`. Its query
gives one row per fault: `source`, `n`, `of_n`, perhaps `told` (a struct of what else stands in the message) and, of
several messages, `message` with the name. site.toml's [audits] sets another severity, or `off`.

An audit looks at the warehouse as it is and not at what this run brought, so that a night that is repeated says the
same. Ready for it: `usual` (a source's events on the night and what is usual), `nearby` (events of the last 29 days
with `day_no`, 0 the night), `parsed` (a source's quarantined lines), variables `audit_end`, `undeclared_limit`. A day
is 24 hours back from the night's end.
"""

from __future__ import annotations

from pathlib import Path

from ingest.language import say, speaking
from ingest.record import AuditResult
from ingest.site import Site
from ingest.store import Store
from ingest.units import Unit, scan

FOLDER = Path(__file__).parent
_TABLE = """create or replace table audit (
    audit varchar, severity varchar, publishes boolean, source varchar, n bigint, of_n bigint, message varchar,
    local_message varchar
)"""
"""`message` is for operators, `local_message` the same for the report's readers."""


def audits() -> list[Unit]:
    """All audits by name."""
    return scan(FOLDER, ".sql")


def run(site: Site, store: Store) -> list[AuditResult]:
    """Audit the night that the warehouse stands at; the faults are also left in the table `audit`, for the report."""
    store.run(
        "set variable undeclared_limit = $limit", {"limit": site.settings.site.undeclared_share_limit}, name="audits"
    )
    for name in ("night", "usual", "nearby", "parsed"):
        store.run((FOLDER / "frame" / f"{name}.sql").read_text(encoding="utf-8"), name=f"audits/frame/{name}")
    with speaking(site.settings.site.language):
        told = [one for unit in audits() for one in _audit(unit, site, store)]
    with store.transaction():
        store.run(_TABLE, name="audits")
        for result, local in told:
            store.run(
                "insert into audit values ($audit, $severity, $publishes, $source, $n, $of_n, $message, $local)",
                result.model_dump() | {"local": local},
                name="audits",
            )
    for name in ("usual", "nearby", "parsed"):
        store.run(f"drop table {name}", name="audits")
    return [result for result, _ in told]


def messages(unit: Unit) -> dict[str, str]:
    """An audit's messages by name; '' where there is only one."""
    return dict(unit.meta["messages"]) if "messages" in unit.meta else {"": unit.meta["message"]}


def _audit(unit: Unit, site: Site, store: Store) -> list[tuple[AuditResult, str]]:
    """The faults, each with its message in the site's language."""
    severity = site.settings.audits.get(unit.stem, unit.meta["severity"])
    if severity == "off":
        return []
    told = []
    for row in store.records(f"from ({unit.body}) order by all", name=f"audits/{unit.stem}"):
        counted = {name: row[name] for name in ("source", "n", "of_n")}
        text, values = messages(unit)[row.get("message", "")], counted | (row.get("told") or {})
        result = AuditResult(
            audit=unit.stem,
            severity=severity,
            publishes=_publishes(unit, severity),
            message=text.format(**values),
            **counted,
        )
        told.append((result, say(text, **values)))
    return told


def _publishes(unit: Unit, severity: str) -> bool:
    return severity == "warn" or bool(unit.meta.get("publishes"))
