"""What the warehouse holds, in lines of text: files and lines per source, quarantine by reason, the last run."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ingest.site import Site
from ingest.store import Store

_FILES = """select
    s.name, count(*) as n_files, count(*) filter (where status = 'refused') as n_refused, sum(n_lines) as n_lines,
    sum(n_accepted) as n_accepted, sum(n_duplicate) as n_duplicate, sum(n_quarantined) as n_quarantined,
    sum(n_blank) as n_blank, sum(n_dropped) as n_dropped
from ledger as l inner join source as s using (source_id)
group by s.name, s.rank order by s.rank"""
_QUARANTINE = """select s.name, field, expectation, count(*) as n
from quarantine inner join ledger as l using (file_id) inner join source as s using (source_id)
group by s.name, field, expectation order by n desc, s.name, field, expectation limit 20"""


def status_lines(site: Site) -> Iterator[str]:
    """Lines for an operator. Nothing of a log's content is in them. Works on an empty site too."""
    yield f"{site.name} ({site.root})"
    if not site.warehouse.exists():
        yield "no warehouse yet: run `make nightly`"
        return
    with Store.open(site.warehouse, read_only=True) as store:
        for row in store.records(_FILES):
            yield (
                "{name}: {n_files} files ({n_refused} refused), {n_lines} lines = {n_accepted} accepted + "
                "{n_duplicate} duplicate + {n_quarantined} quarantined + {n_blank} blank; "
                "{n_dropped} of the accepted were not wanted"
            ).format(**row)
        for row in store.records(_QUARANTINE):
            yield "quarantined {n} of {name}: {field}, expected {expectation}".format(**row)
    runs = sorted(site.runs.glob("r*/run.json"))
    if runs:
        last = json.loads(runs[-1].read_text(encoding="utf-8"))
        yield "last run {run_id}: stage {stage}, exit code {exit_code}, {reason}".format(**last)
