"""The overview's parts of other pages: what changed since the last night, calls by week, days from order to goods."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.language import say
from reports.figures import Figures
from reports.pages import built
from reports.pages.news import NewsView
from reports.pages.trends import Chart
from reports.view import Report


@dataclass(frozen=True, slots=True)
class OverviewView:
    """What changed since the last night, how many events the step dictionary names, and up to two charts, each with
    the page that tells more."""

    news: NewsView
    named: str
    charts: tuple[tuple[Chart, str], ...]


def build(figures: Figures, report: Report) -> OverviewView:
    """Take them from the pages they belong to."""
    news, dictionary, trends, time = (
        built(stem, figures, report)[0] for stem in ("news", "dictionary", "trends", "time")
    )
    charts = [(chart, "trends.html") for chart in trends.weeks[:1]]
    if time.goods:
        charts.append((Chart(say("Days from order to goods"), time.goods.note, time.goods.chart), "time.html"))
    return OverviewView(news, dictionary.line, tuple(charts))
