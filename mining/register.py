"""Stores findings: labels that keep their meaning, ranks, first and last night, history, export.

Tables: `finding` (tonight's), `finding_register` and `finding_history` (kept over nights). A label F-nn is given once
and never means another finding, even after the finding has gone.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.durable import write_atomically
from ingest.store import Store
from mining.findings import STATUSES, Finding, canonical

SCHEMA = Path(__file__).parent / "schema.sql"
OF_RESEARCH = frozenset({"competitor_gap"})
"""Kinds that rest on research beside the log."""
_JSON = ("where", "window", "n", "effect", "ci", "cost", "evidence", "robustness", "extra")
COLUMNS = (
    "finding_id",
    "no_label",
    "kind",
    "status",
    "grade",
    "rank_no",
    "title",
    "text_evidence",
    "text_caution",
    "where_json",
    "window_json",
    "n_json",
    "effect_json",
    "ci_json",
    "p",
    "q",
    "family",
    "m",
    "cost_json",
    "evidence_json",
    "robustness_json",
    "first_seen",
    "last_seen",
    "definition_version",
    "config_hash",
    "input_hash",
    "seed",
    "extra_json",
)


def prepare(store: Store) -> None:
    """Create the tables that are kept over nights, where they are missing."""
    store.run(SCHEMA.read_text(encoding="utf-8"), name="mining schema")


def ranked(findings: list[Finding]) -> list[Finding]:
    """The order of reports: what is confirmed first; of equally sure ones what the own log shows before what research
    tells; then by customer minutes a week, then by n.

    The minutes of a gap are those that our customers would spare were we as quick as others: a bound of what could be
    had, measured on shoppers, and no minutes that the log shows being lost somewhere that could be mended tomorrow.
    """
    return sorted(
        findings,
        key=lambda f: (
            STATUSES.index(f.status), f.kind in OF_RESEARCH, -f.customer_minutes, -int(f.n["units"] or 0), f.finding_id,
        ),
    )  # fmt: skip


def save(store: Store, findings: list[Finding], night: dt.date) -> None:
    """Replace tonight's findings and write their history. Doing it twice for one night changes nothing.

    Raises FindingError through the record's own check, ValueError when two findings share an identity.
    """
    ordered = ranked(findings)
    ids = [finding.finding_id for finding in ordered]
    if len(set(ids)) != len(ids):
        raise ValueError("two findings with one identity: the same kind at the same place was made twice")
    with store.transaction():
        store.run("delete from finding_history where night = $night", {"night": night})
        store.run("delete from finding", name="clear findings")
        labels = _labels(store, ids, night)
        first = dict(
            store.rows(
                "select finding_id, min(night) from finding_history where night < $night group by 1", {"night": night}
            )
        )
        rows = [
            _row(finding, rank, labels[finding.finding_id], first.get(finding.finding_id, night), night)
            for rank, finding in enumerate(ordered, 1)
        ]
        if rows:
            _insert(store, "finding", rows)
            _insert(store, "finding_history", [_history(finding, night) for finding in ordered])


def labels(store: Store) -> dict[str, str]:
    """finding_id -> label, of every finding ever made."""
    rows = store.rows("select finding_id, label_no from finding_register order by label_no")
    return {finding_id: f"F-{number:02d}" for finding_id, number in rows}


def _labels(store: Store, ids: list[str], night: dt.date) -> dict[str, str]:
    """The F-nn label of each finding; new ones get the next free numbers in rank order."""
    known: dict[str, int] = dict(store.rows("select finding_id, label_no from finding_register"))
    number = max(known.values(), default=0)
    fresh = []
    for finding_id in ids:
        if finding_id not in known:
            number += 1
            known[finding_id] = number
            fresh.append({"finding_id": finding_id, "label_no": number, "given_on": night})
    if fresh:
        _insert(store, "finding_register", fresh)
    return {finding_id: f"F-{known[finding_id]:02d}" for finding_id in ids}


def _row(finding: Finding, rank: int, label: str, first_seen: dt.date, night: dt.date) -> dict[str, Any]:
    row: dict[str, Any] = {f"{name}_json": canonical(getattr(finding, name)) for name in _JSON}
    for name in (
        "finding_id",
        "kind",
        "status",
        "grade",
        "title",
        "text_evidence",
        "text_caution",
        "p",
        "q",
        "family",
        "m",
        "definition_version",
        "config_hash",
        "input_hash",
        "seed",
    ):
        row[name] = getattr(finding, name)
    row |= {"no_label": label, "rank_no": rank, "first_seen": first_seen, "last_seen": night}
    return {name: row[name] for name in COLUMNS}


def _history(finding: Finding, night: dt.date) -> dict[str, Any]:
    value = finding.effect.get("value")
    return {
        "finding_id": finding.finding_id,
        "night": night,
        "status": finding.status,
        "value": None if value is None else float(value),
        "low": finding.ci.get("low"),
        "high": finding.ci.get("high"),
    }


def _insert(store: Store, table: str, rows: list[dict[str, Any]]) -> None:
    """Append rows by column name. `table` is one of our own constants, never data."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    store.put("incoming_rows", pa.table({name: _array(values) for name, values in columns.items()}))
    store.run(f"insert into {table} by name select * from incoming_rows", name=f"insert into {table}")
    store.drop("incoming_rows")


def _array(values: list[Any]) -> pa.Array:
    """An Arrow array; a column of nulls only must not become a type that DuckDB can't cast."""
    return pa.array(values, type=pa.float64()) if all(value is None for value in values) else pa.array(values)


def read(store: Store) -> list[dict[str, Any]]:
    """Tonight's findings in rank order, JSON parts as dictionaries without the `_json` suffix."""
    records = store.records(f"select {', '.join(COLUMNS)} from finding order by rank_no")
    return [
        {
            name.removesuffix("_json"): json.loads(value) if name.endswith("_json") else value
            for name, value in record.items()
        }
        for record in records
    ]


def export(store: Store, path: Path) -> None:
    """Write tonight's findings as JSON: sorted keys, one finding a line, the same bytes for the same findings."""
    lines = ",\n".join(json.dumps(record, sort_keys=True, ensure_ascii=False, default=str) for record in read(store))
    write_atomically(path, f"[\n{lines}\n]\n" if lines else "[]\n")
