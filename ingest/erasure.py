"""What is left to do after rows were deleted: rewrite the warehouse, remove older reports that show the journeys.

SITE/var/erasure.json says so, from before the first row is deleted until all is done: an erasure that is stopped
half-way is finished by the next night. It names journeys of the forgotten by their keys; nothing of that remains.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Collection
from pathlib import Path

from ingest.durable import write_atomically
from ingest.errors import StateError
from ingest.site import Site
from ingest.store import rewrite


class Erasure:
    """The erasure under way on a site, and when the warehouse was last rewritten for retention's sake."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._path = site.var / "erasure.json"
        try:
            said = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
            self.must_rewrite = bool(said.get("must_rewrite", False))
            self.must_remove = bool(said.get("must_remove", False))
            self.journeys = sorted(str(key) for key in said.get("journeys", []))
            self.rewritten = str(said.get("rewritten", ""))
        except (ValueError, AttributeError, TypeError) as error:
            raise StateError(f"{self._path}: damaged; run `forget` again for whom it was, else delete it") from error

    def announce(self, journeys: Collection[str]) -> None:
        """Before a person's rows are deleted: what must follow, and which journeys no report may show any more."""
        self.must_rewrite = self.must_remove = True
        self.journeys = sorted({*self.journeys, *journeys})
        self._write()

    def announce_retention(self, night: dt.date) -> None:
        """After rows past retention were deleted: a rewrite, but only one a month."""
        if f"{night:%Y-%m}" != self.rewritten:
            self.must_rewrite, self.rewritten = True, f"{night:%Y-%m}"
            self._write()

    def remove_exports(self) -> None:
        """Before mining, which writes them anew. Packed formats can't be searched, so all go."""
        if self.must_remove:
            for path in sorted(self.site.exports.glob("*")):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def rewrite(self) -> None:
        """After the last stage that writes to the warehouse. Raises StorageError."""
        if self.must_rewrite:
            rewrite(self.site.warehouse)
            for backup in self.site.warehouse.parent.glob(f"{self.site.warehouse.stem}.schema*.duckdb"):
                backup.unlink()  # the warehouse of an earlier release holds them too
            self.must_rewrite = False
            self._write()

    def remove_reports(self) -> list[str]:
        """After the report was made anew: remove nights that show a forgotten journey. Returns the nights removed."""
        if not self.must_remove:
            return []
        current = self.site.reports / "current"
        nights = [path for path in sorted(self.site.reports.glob("*")) if path.is_dir() and not path.is_symlink()]
        gone = [night for night in nights if self._shows(night)]
        if current.is_symlink() and current.resolve() in [night.resolve() for night in gone]:
            current.unlink()
        for night in gone:
            shutil.rmtree(night)
        self.must_remove, self.journeys = False, []
        self._write()
        return [night.name for night in gone]

    def _shows(self, folder: Path) -> bool:
        keys = [key.encode() for key in self.journeys]
        files = (path for path in folder.rglob("*") if path.is_file())
        return any(key in data for data in (path.read_bytes() for path in files) for key in keys)

    def _write(self) -> None:
        told = {
            "must_rewrite": self.must_rewrite,
            "must_remove": self.must_remove,
            "journeys": self.journeys,
            "rewritten": self.rewritten,
        }
        write_atomically(self._path, json.dumps(told, sort_keys=True) + "\n", mode=0o600)
