"""The mail file shows the overview and more of the report: its template sees what the overview's sees."""

from __future__ import annotations

from reports.pages.overview import build

__all__ = ["build"]
