"""Robots are told by their user agent, and a long one costs no more than a short one."""

from __future__ import annotations

import pytest

from ingest import robots

GOOGLE = "(compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    "agent", [f"Mozilla/5.0 {GOOGLE}", f"Mozilla/5.0 {'x' * 5000} {GOOGLE}", f"{GOOGLE}{'x' * 5000}"]
)
def test_a_robot_is_told_at_the_head_and_at_the_tail(agent):
    assert robots.is_robot(agent)


def test_an_agent_of_eight_kilobytes_is_not_searched_whole(monkeypatch):
    """Its cost would grow with the square of its length: some thousands of them would take the night."""
    asked: list[str] = []

    class Detector:
        def isCrawler(self, agent: str) -> bool:  # noqa: N802
            asked.append(agent)
            return False

    monkeypatch.setattr(robots, "_detector", Detector)
    assert not robots.is_robot("Mozilla/5.0 Firefox/144.0 " + "ab1 " * 2000)
    assert [len(agent) for agent in asked] == [robots.HEAD + 1 + robots.TAIL]
