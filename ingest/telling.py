"""Tells how far a load is: which file of how many, and what became of its lines. Shown by ingest/log.py."""

from __future__ import annotations

import logging

from ingest.store import Store

log = logging.getLogger("frontstage.load")
_COUNTS = "n_lines, n_accepted, n_duplicate, n_quarantined, n_blank, n_held_back"


class Teller:
    """Counts the files of one load; `of` is how many there are."""

    def __init__(self, of: int) -> None:
        self.of = of
        self.number = 0

    def next(self) -> None:
        """One more file is looked at."""
        self.number += 1

    def reading(self, source: str, name: str) -> None:
        """The file is new and is being read."""
        log.info("%s/%s", source, name, extra=self._extra("file_started", source, name))

    def has_read(self, store: Store, source: str, name: str) -> None:
        """The file is in the warehouse."""
        if not log.isEnabledFor(logging.INFO):
            return
        counts = store.records(f"select {_COUNTS} from ledger where file_id = getvariable('file_id')")[0]
        extra = self._extra("file_loaded", source, name) | {"counts": {k[2:]: int(n) for k, n in counts.items()}}
        log.info("%s/%s: %d lines", source, name, counts["n_lines"], extra=extra)

    def _extra(self, event: str, source: str, name: str) -> dict[str, object]:
        return {"event": event, "source": source, "file": name, "number": self.number, "of": self.of}
