"""Which user agents are robots: crawlers, monitors, scripts. Looked up once per distinct agent."""

from __future__ import annotations

from functools import cache

from crawlerdetect import CrawlerDetect


@cache
def _detector() -> CrawlerDetect:
    return CrawlerDetect()


@cache
def is_robot(agent: str) -> bool:
    """Whether crawlerdetect's list knows the user agent as a robot."""
    return bool(_detector().isCrawler(agent))
