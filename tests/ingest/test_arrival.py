"""`restated`: the closed days on which something else is told now, whatever moved it."""

from __future__ import annotations

import json

import pytest

from ingest.arrival import Mark, arrival

STEPS = [
    {"step": "any", "label": "Any", "stage": "help", "channel": "x", "codes": {"web": ["*"], "shop": ["*"]}},
]
DAY = 86400


def order(version: int, paid: str | None = None) -> str:
    payment = {"id": 7, "kind": "sale", "status": paid, "created_at": "2026-01-11T09:00:00Z"}
    told = {
        "id": 1,
        "order_number": 1,
        "created_at": "2026-01-10T09:00:00Z",
        "updated_at": f"2026-01-{10 + version}T09:00:00Z",
        "source_name": "web",
        "transactions": [payment] if paid else [],
    }
    return json.dumps(told) + "\n"


@pytest.fixture
def lab(new_lab, web_line):
    """Two closed days, 10 and 11 January; the night of the 12th stands. A page at ten to midnight of the 10th."""
    lab = new_lab({"web": "nginx_combined", "shop": "shopify_orders_json"}, STEPS)
    lab.put("web", "a.log", "".join(web_line(at) for at in (60, DAY - 600, DAY + 60, 2 * DAY + 60)))
    lab.put("shop", "a.json", order(0, "pending"))
    lab.night("2026-01-12")
    return lab


def restated(lab, as_of: str = "2026-01-12") -> list[int]:
    """What a night restates, as days of January."""
    mark = Mark.of(lab.store)
    lab.night(as_of)
    return [day.day for day in arrival(lab.store, mark, "UTC").restated]


def test_a_night_without_news_and_one_that_only_goes_on_restate_nothing(lab, web_line):
    assert restated(lab) == []
    lab.put("web", "b.log", web_line(3 * DAY + 60))
    assert restated(lab, "2026-01-13") == []


def test_a_late_line_restates_its_day_and_a_repeated_one_nothing(lab, web_line):
    lab.put("web", "b.log", web_line(DAY + 60) + web_line(120))
    assert restated(lab) == [10]


def test_a_clock_that_is_corrected_restates_the_days_it_leaves_and_those_it_comes_to(lab):
    lab.sources["web"] |= {"clock_offset_s": 900}
    lab.write_configuration()
    assert restated(lab) == [10, 11, 12]
    lab.sources["web"] |= {"clock_offset_s": 900, "clock_offset_until": "2026-01-10"}
    lab.write_configuration()
    assert restated(lab) == [11, 12], "the correction of the 10th stays"


def test_a_late_line_of_a_corrected_clock_is_told_on_its_corrected_day(lab, web_line):
    lab.sources["web"] |= {"clock_offset_s": 900}
    lab.write_configuration()
    lab.night("2026-01-12")
    lab.put("web", "b.log", web_line(DAY - 300))
    assert restated(lab) == [11]


def test_a_record_that_is_sent_again_restates_the_day_on_which_it_now_says_something_else(lab):
    lab.put("shop", "b.json", order(2, "success"))
    assert restated(lab) == [11]
    lab.put("shop", "c.json", order(3))
    assert restated(lab) == [11], "the payment is no more"


def test_what_retention_takes_away_is_no_restatement(new_lab, web_line):
    lab = new_lab({"web": "nginx_combined"}, privacy={"retention_days": 2})
    lab.put("web", "a.log", "".join(web_line(day * DAY + 60) for day in range(4)))
    lab.night("2026-01-12")
    assert restated(lab, "2026-01-13") == []
