"""Which user agents are robots: crawlers, monitors, scripts. Looked up once per distinct agent."""

from __future__ import annotations

from functools import cache

from crawlerdetect import CrawlerDetect

HEAD, TAIL = 192, 64
"""Characters of an agent that are looked at: the list takes a second for one of 2,000, and anybody may send many."""


@cache
def _detector() -> CrawlerDetect:
    return CrawlerDetect()


def is_robot(agent: str) -> bool:
    """Whether crawlerdetect's list knows the user agent as a robot."""
    return _is_known(agent if len(agent) <= HEAD + TAIL else f"{agent[:HEAD]} {agent[-TAIL:]}")


@cache
def _is_known(agent: str) -> bool:
    return bool(_detector().isCrawler(agent))
