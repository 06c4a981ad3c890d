"""The overview says in one sentence what changed since the last night; the rest of it is the report's own."""

from __future__ import annotations

from reports.figures import Figures
from reports.pages import news
from reports.view import Report


def build(figures: Figures, report: Report) -> news.NewsView:
    """What the page of news tells."""
    return news.build(figures, report)
