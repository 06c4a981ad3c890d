"""Pictures that are drawn from a finding's record, whatever its kind."""

from __future__ import annotations

import re

from reports.page_picture import pictures

PEERS = {
    "unit": "calls per 1,000 views",
    "value": 40,
    "low": 30,
    "high": 55,
    "peers": [4, 8, 10, 12, 20],
    "n_peers": 23,
}
HOURS = {"unit": "calls", "moment": "the view", "bars": [[-24, -2, 11], [-2, 0, 6], [0, 1, 30], [1, 24, 23]]}


def wide(drawing: str) -> str:
    return drawing.split("</svg>")[0]


def test_no_numbers_no_picture() -> None:
    assert pictures({}) == () and pictures({"among_peers": None, "around": None}) == ()


def test_the_page_stands_where_its_number_is() -> None:
    (one,) = pictures({"among_peers": PEERS})
    drawn = wide(str(one.drawing))
    boxes = [
        (float(x), float(w)) for x, w in re.findall(r'class="band" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', drawn)
    ]
    (most, half) = boxes
    assert most[0] < half[0] and half[0] + half[1] < most[0] + most[1]
    dot = float(re.search(r'class="dot cost" cx="([\d.]+)"', drawn)[1])  # type: ignore[index]
    per_unit = most[1] / (20 - 4)
    assert abs(dot - (most[0] + (40 - 4) * per_unit)) < 1, "one scale for both"
    assert 'aria-label="40.0 calls per 1,000 views here (interval 30.0 to 55.0), 10.0 in the middle' in drawn
    assert "23" in one.note


def test_bars_are_an_hour_each_whatever_their_width() -> None:
    (one,) = pictures({"around": HOURS})
    drawn = wide(str(one.drawing))
    bars = re.findall(r'<rect class="(bar[^"]*)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="([\d.]+)"', drawn)
    assert [tone for tone, *_ in bars] == ["bar", "bar", "bar cost", "bar cost"]
    heights = [float(height) for *_, height in bars]
    for height, (begin, end, n) in zip(heights, HOURS["bars"], strict=True):
        assert abs(height / heights[2] - n / (end - begin) / 30) < 0.01
    assert "17 calls in the 24 hours before the view, 53 in the 24 hours after it" in drawn


def test_names_are_written_as_text() -> None:
    (one,) = pictures({"around": {**HOURS, "moment": "<i>x</i>"}})
    assert "<i>" not in str(one.drawing)
