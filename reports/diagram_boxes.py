"""A box of a process map as SVG: title, numbers, marks, the discs of its findings."""

from __future__ import annotations

import math

from ingest.language import mark, say
from reports import formats
from reports.layout import PlacedBox
from reports.maps import MapStep, ProcessMap
from reports.svg import plain, px, text, text_px, wrap

DISC = 9.0
_LONG_WAIT_MS = 40 * 3_600_000
_MOST_DISCS = 4


def tag_px(step: MapStep) -> float:
    """Width of the tag that hangs below a step that is skipped; 0 for others."""
    return min(92.0, 12 + text_px(_tag_text(step), 11)) if step.marks.skipped else 0.0


def _tag_text(step: MapStep) -> str:
    return say("skipped {share}", share=step.marks.skipped)


def disc(x: float, y: float, finding: int, href: str) -> str:
    """A numbered disc that leads to the finding. The number is F-nn without its letter."""
    name = f"F-{finding:02d}"
    told = say("{n}: finding {label}", n=finding, label=name)
    return (
        f'<a class="disc" href="{text(href.format(name + ".html" if "/" in href else name))}" '
        f'aria-label="{text(told)}">'
        f'<circle cx="{px(x)}" cy="{px(y)}" r="{px(DISC)}"/><text x="{px(x)}" y="{px(y + 3.7)}">{finding}</text></a>'
    )


def box_svg(
    box: PlacedBox,
    step: MapStep,
    process: ProcessMap,
    number: int,
    k: int,
    hrefs: tuple[str, str],
    look: str = "",
) -> str:
    """A step as a link to its row. `hrefs`: links to a step and to a finding, with {} for the anchor.

    `look`: "focus" sets it off from its neighbours, "grey" makes it a neighbour that is not itself meant.
    """
    x, y, w, h, marks = box.x, box.y, box.width, box.height, step.marks
    shown = step.told or formats.small_count(step.n, k, step.n_people)
    wait = formats.duration(step.wait_ms) if step.wait_ms is not None and step.lane else ""
    kinds = [("fail", step.is_failure), ("fold", bool(step.n_folded)), ("ghost", not step.n), (look, bool(look))]
    classes = "".join(f" {name}" for name, holds in kinds if holds)
    parts = [
        f'<a class="n n-{number}{classes}" href="{text(hrefs[0].format(step.anchor or "steps"))}" '
        f'data-lane="{step.lane}" aria-label="{text(_name(step, process, shown, wait))}">'
        f"<title>{text(f'{plain(step.label)}. {marks.detail}'.strip())}</title>"
    ]
    if marks.is_unexpected:
        parts.append(_rect("unx", x - 3, y - 3, w + 6, h + 6, 8))
    parts.append(_rect("box", x, y, w, h, 6))
    parts += [
        f'<text class="st" x="{px(x + 9)}" y="{px(y + 18 + 13 * i)}">{text(line)}</text>'
        for i, line in enumerate(wrap(step.label, w - (28 if marks.is_wait else 14), 2))
    ]
    parts.append(_encounter(step, x + 6, y + 46))
    count_x = x + 9 + _encounter_px(step)
    parts.append(f'<text class="sn" x="{px(count_x)}" y="{px(y + 46)}">{shown}</text>')
    if wait and step.wait_ms is not None:
        parts.append(f'<text class="sw" x="{px(x + w - 9)}" y="{px(y + 46)}">{wait}</text>')
        share = min(1.0, math.log10(1 + step.wait_ms / 60_000) / math.log10(1 + 14 * 1440))
        long = " long" if step.wait_ms >= _LONG_WAIT_MS else ""
        parts.append(_rect(f"wb{long}", x + 3, y + h - 5, (w - 6) * share, 3.5, 1.7))
    parts.append(_signs(box, step))
    parts.append("</a>")
    parts += [disc(x + 1 + i * (2 * DISC + 2), y, f, hrefs[1]) for i, f in enumerate(step.findings[:_MOST_DISCS])]
    return "".join(parts)


def _name(step: MapStep, process: ProcessMap, shown: str, wait: str) -> str:
    """What is heard: the visible text first, then lane, numbers, marks."""
    lane = process.lanes[step.lane].name
    heard = mark("{step}, {lane}: {n} a week") if step.told else mark("{step}, {lane}: {n} times")
    parts = [say(heard, step=plain(step.label), lane=lane, n=shown)]
    if wait:
        parts.append(say("median wait {wait}", wait=wait))
    if step.marks.encounter:
        parts.append(say("encounter {number}", number=step.marks.encounter))
    if step.marks.words:
        parts.append(step.marks.words)
    if step.findings:
        parts.append(formats.plural(len(step.findings), "{n} finding", "{n} findings"))
    return ", ".join(parts)


def _encounter_px(step: MapStep) -> float:
    return (
        8.0 + 6.5 * len(str(step.marks.encounter)) + (6.0 if step.marks.is_moment else 0.0)
        if step.marks.encounter
        else 0.0
    )


def _encounter(step: MapStep, left: float, baseline: float) -> str:
    """The running number of the encounter in a frame, which is a diamond for a moment of truth."""
    if not step.marks.encounter:
        return ""
    w, top, bottom = _encounter_px(step) - 1, baseline - 11.0, baseline + 3.0
    label = f'<text x="{px(left + w / 2)}" y="{px(baseline)}">{step.marks.encounter}</text>'
    if step.marks.is_moment:
        middle, half = (top + bottom) / 2, w / 2
        shape = f"M{px(left)} {px(middle)}l{px(half)} -9l{px(half)} 9l-{px(half)} 9z"
        return f'<g class="enc mot"><path d="{shape}"/>{label}</g>'
    return f'<g class="enc">{_rect("", left, top, w, bottom - top, 3)}{label}</g>'


def _signs(box: PlacedBox, step: MapStep) -> str:
    """F on the upper right corner, W inside below it, the tag of a skipped step."""
    x, y, w, marks = box.x, box.y, box.width, step.marks
    parts = []
    if step.is_failure or marks.is_failing:
        parts.append(
            f'<path class="tri" d="M{px(x + w - 11)} {px(y + 6)}l10 -17l10 17z"/>'
            f'<text class="fm" x="{px(x + w - 1)}" y="{px(y + 4)}">F</text>'
        )
    if marks.is_wait:
        parts.append(
            _rect("wm", x + w - 20, y + 8, 15, 14, 2)
            + f'<text class="wm" x="{px(x + w - 12.5)}" y="{px(y + 19)}">W</text>'
        )
    if rect := box.tag_rect:
        parts.append(
            _rect("skip-tag", rect.left, rect.top, rect.right - rect.left, rect.bottom - rect.top, 3)
            + f'<text class="skipped" x="{px((rect.left + rect.right) / 2)}" y="{px(rect.bottom - 3.5)}">'
            f"{text(_tag_text(step))}</text>"
        )
    return "".join(parts)


def _rect(name: str, x: float, y: float, width: float, height: float, radius: float) -> str:
    classes = f'class="{name}" ' if name else ""
    return f'<rect {classes}x="{px(x)}" y="{px(y)}" width="{px(width)}" height="{px(height)}" rx="{px(radius)}"/>'
