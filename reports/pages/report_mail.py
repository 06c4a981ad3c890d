"""The mail file shows the overview and more of the report; it reads what the overview reads."""

from __future__ import annotations

from reports.pages.overview import build

__all__ = ["build"]
