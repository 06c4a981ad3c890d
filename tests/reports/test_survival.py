"""The picture of a failure point: two falling lines, drawn from the finding's own numbers."""

from __future__ import annotations

import re

from reports import survival

FALLS = {"unit": "steps", "step": [[0, 1.0, 90], [1, 0.7, 90], [2, 0.6, 50], [3, 0.6, 20]]}
USUAL = [[0, 1.0, 400], [1, 0.95, 400], [2, 0.9, 300], [3, 0.88, 200]]


def paths(html: str) -> dict[str, list[float]]:
    """Class of a line -> heights, in the wide drawing."""
    wide = html.split("</svg>")[0]
    return {
        tone: [float(y) for y in re.findall(r"V([\d.]+)", path)]
        for tone, path in re.findall(r'<path class="(line[^"]*)" d="([^"]*)"', wide)
    }


def test_the_line_of_the_step_falls_faster() -> None:
    html = str(survival.curves({**FALLS, "reference": USUAL}, "A <b>", "C"))
    drawn = paths(html)
    assert set(drawn) == {"line cost", "line usual"}
    assert all(own > other for own, other in zip(drawn["line cost"], drawn["line usual"], strict=True)), "y grows down"
    assert drawn["line cost"] == sorted(drawn["line cost"])
    assert "60.0" in html and "88.0" in html and "A &lt;b&gt;" in html, "told in words, too"
    assert html.count("<svg") == 2 and "3 steps after it" in html


def test_too_short_a_line_is_not_drawn() -> None:
    assert survival.curves({**FALLS, "reference": USUAL[:2]}, "A", "C") == ""
    assert survival.curves({"unit": "days", "step": [], "reference": []}, "A", "C") == ""
