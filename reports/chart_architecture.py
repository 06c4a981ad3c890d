"""The architecture chart of LOVEM: stages from left to right, the encounters of each by channel, the buses below.

A bus is a kind of contact that is bound to no stage: customers change orders and ask for help at any time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ingest.language import mark, say
from reports import formats
from reports.map_marks import channel_word, per_week
from reports.records import MoveFigure, Night, StepFigure
from reports.svg import arrow, px, text

STAGES = {
    "research": mark("Research"),
    "review": mark("Review"),
    "order": mark("Order"),
    "change": mark("Change"),
    "receive": mark("Receive"),
    "return": mark("Return"),
    "help": mark("Help"),
}
"""The stages of the step dictionary in words, in the order of a purchase."""

BUSES = {"change": mark("Changes"), "help": mark("Help")}
"""Stages of the step dictionary that are no part of the path."""

_WIDTH, _HEAD = 1390, 104
_BOX_WIDTH, _BOX_HEIGHT, _BAND, _ROW, _BUS = 140.0, 56.0, 96.0, 32.0, 50.0


@dataclass(frozen=True, slots=True)
class Volumes:
    """Encounters by (stage, channel), the largest number of customers behind a step of each, moves by stage pair."""

    stages: tuple[str, ...]
    buses: tuple[str, ...]
    channels: tuple[str, ...]
    encounters: Mapping[tuple[str, str], int]
    people: Mapping[tuple[str, str], int]
    moves: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, steps: Sequence[StepFigure], moves: Sequence[MoveFigure]) -> Volumes:
        """Added up from the same figures as every map; stages and channels in the order of the step dictionary."""
        stage_of = {step.step: step.stage for step in steps}
        encounters, between, people = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for step in steps:
            at = step.stage, step.channel
            encounters[at] += step.n_events
            people[at] = max(people[at], step.n_customers)
        for move in moves:
            if move.source in stage_of and move.target in stage_of:
                between[stage_of[move.source], stage_of[move.target]] += move.n
        known = in_order(step.stage for step in steps)
        return cls(
            tuple(stage for stage in known if stage not in BUSES),
            tuple(stage for stage in known if stage in BUSES),
            tuple(dict.fromkeys(step.channel for step in steps)),
            encounters,
            people,
            between,
        )

    def total(self, stage: str) -> int:
        """Encounters of a stage in all channels."""
        return sum(n for (at, _), n in self.encounters.items() if at == stage)

    def n_jumps(self) -> int:
        """Moves between stages of the path that are not neighbours on it."""
        place = {stage: n for n, stage in enumerate(self.stages)}
        return sum(n for (a, b), n in self.moves.items() if a in place and b in place and abs(place[a] - place[b]) > 1)


def in_order(stages: Iterable[str]) -> list[str]:
    """Each stage once, in the order of a purchase; unknown ones after that."""
    known, found = list(STAGES), list(dict.fromkeys(stages))
    return sorted(found, key=lambda stage: known.index(stage) if stage in known else len(known))


def stage_word(stage: str) -> str:
    """A stage as a reader says it."""
    return say(STAGES.get(stage, stage))


def architecture_svg(
    steps: Sequence[StepFigure], moves: Sequence[MoveFigure], night: Night, k: int
) -> tuple[Markup, str]:
    """The chart, and what it leaves out in words."""
    volumes = Volumes.of(steps, moves)
    pitch = (_WIDTH - _HEAD) / max(len(volumes.stages), 1)
    centres = {stage: _HEAD + pitch * (n + 0.5) for n, stage in enumerate(volumes.stages)}
    height = _BAND + _ROW * len(volumes.channels) + _BUS * len(volumes.buses)
    parts = [_bands(volumes, height)]
    parts += [_stage(stage, x, volumes, night, k) for stage, x in centres.items()]
    parts += _links(volumes, centres, k)
    for row, channel in enumerate(volumes.channels):
        y = _BAND + _ROW * row + 20
        parts += [
            f'<text class="mid" x="{px(x)}" y="{px(y)}">{_count(volumes, stage, channel, k)}</text>'
            for stage, x in centres.items()
            if volumes.encounters[stage, channel]
        ]
    top = _BAND + _ROW * len(volumes.channels)
    for row, bus in enumerate(volumes.buses):
        parts += _bus(bus, top + _BUS * row, volumes, centres, night, k)
    line = f'<line class="lov" x1="0" x2="{_WIDTH}" y1="{px(_BAND)}" y2="{px(_BAND)}"/>'
    title = say("Stages and encounters: the architecture of the process")
    svg = (
        f'<svg class="map-body" role="graphics-document document" aria-label="{text(title)}" width="{_WIDTH}" '
        f'height="{px(height)}">{"".join(parts)}{line}</svg>'
    )
    inside = sum(n for (a, b), n in volumes.moves.items() if a == b)
    note = say(
        "Numbers: encounters of the night's data window. Not drawn: {inside} moves inside a stage, {jumps} moves that "
        "jump over a stage.",
        inside=formats.small_count(inside, k),
        jumps=formats.small_count(volumes.n_jumps(), k),
    )
    return Markup(svg), note


def _count(volumes: Volumes, stage: str, channel: str, k: int) -> str:
    return formats.small_count(volumes.encounters[stage, channel], k, volumes.people[stage, channel])


def _bands(volumes: Volumes, height: float) -> str:
    parts = [f'<rect class="b-c" width="{_WIDTH}" height="{px(_BAND)}"/>']
    parts.append(f'<rect class="lane-0" width="{_HEAD}" height="{px(_BAND)}"/>')
    customer = say("Customer")
    parts.append(f'<text class="lane-name" x="12" y="{px(_BAND / 2 + 5)}">{text(customer)}</text>')
    for row, channel in enumerate(volumes.channels):
        y = _BAND + _ROW * row
        parts.append(f'<rect class="{"b-o" if row % 2 else "b-e"}" y="{px(y)}" width="{_WIDTH}" height="{px(_ROW)}"/>')
        parts.append(f'<text class="below-name" x="12" y="{px(y + 20)}">{text(channel_word(channel))}</text>')
    top = _BAND + _ROW * len(volumes.channels)
    parts.append(f'<rect class="below" y="{px(top)}" width="{_WIDTH}" height="{px(height - top)}"/>')
    return "".join(parts)


def _stage(stage: str, x: float, volumes: Volumes, night: Night, k: int) -> str:
    left, top, n = x - _BOX_WIDTH / 2, (_BAND - _BOX_HEIGHT) / 2, volumes.total(stage)
    people = max((p for (at, _), p in volumes.people.items() if at == stage), default=0)
    weekly = text(say("{amount} a week", amount=per_week(n, night))) if people >= k else ""
    return (
        f'<g class="n"><rect class="box" x="{px(left)}" y="{px(top)}" width="{px(_BOX_WIDTH)}" '
        f'height="{px(_BOX_HEIGHT)}" rx="6"/>'
        f'<text class="st" x="{px(left + 10)}" y="{px(top + 20)}">{text(stage_word(stage))}</text>'
        f'<text class="sn" x="{px(left + 10)}" y="{px(top + 44)}">{formats.small_count(n, k, people)}</text>'
        f'<text class="sw" x="{px(left + _BOX_WIDTH - 10)}" y="{px(top + 44)}">{weekly}</text></g>'
    )


def _links(volumes: Volumes, centres: Mapping[str, float], k: int) -> list[str]:
    """Between neighbouring stages: moves onward above, moves back below, dashed."""
    parts = []
    for (a, x), (b, right_x) in zip(centres.items(), list(centres.items())[1:], strict=False):
        left, right, middle = x + _BOX_WIDTH / 2, right_x - _BOX_WIDTH / 2, _BAND / 2
        for n, y, ends, back in (
            (volumes.moves.get((a, b), 0), middle - 10, (left, right), ""),
            (volumes.moves.get((b, a), 0), middle + 12, (right, left), " bk"),
        ):
            if n:
                parts.append(_arrow((ends[0], y), (ends[1], y), back))
                parts.append(
                    f'<text class="mid" x="{px((left + right) / 2)}" y="{px(y - 5 if not back else y + 14)}">'
                    f"{formats.small_count(n, k)}</text>"
                )
    return parts


def _bus(bus: str, top: float, volumes: Volumes, centres: Mapping[str, float], night: Night, k: int) -> list[str]:
    """A bar across all stages, with the moves from each stage into it and back."""
    n = volumes.total(bus)
    people = max((p for (at, _), p in volumes.people.items() if at == bus), default=0)
    at_any_time, told = say("at any time"), formats.small_count(n, k, people)
    if people >= k:
        told = say("{n} encounters, {weekly} a week", n=told, weekly=per_week(n, night))
    else:
        told = say("{n} encounters", n=told)
    parts = [
        f'<text class="below-name" x="12" y="{px(top + 22)}">{text(say(BUSES[bus]))}</text>'
        f'<text class="lane-note" x="12" y="{px(top + 37)}">{text(at_any_time)}</text>'
        f'<rect class="bus" x="{_HEAD}" y="{px(top + 26)}" width="{_WIDTH - _HEAD - 12}" height="18" rx="9"/>'
        f'<text class="mid" x="{px((_HEAD + _WIDTH) / 2)}" y="{px(top + 39)}">'
        f"{text(told)}</text>"
    ]
    for stage, x in centres.items():
        for n_moves, at, ends in (
            (volumes.moves.get((stage, bus), 0), x - 8, (top + 4, top + 25)),
            (volumes.moves.get((bus, stage), 0), x + 8, (top + 25, top + 4)),
        ):
            if n_moves:
                parts.append(_arrow((at, ends[0]), (at, ends[1]), ""))
                anchor, shift = ("sw", -6) if at < x else ("sn", 6)
                told = formats.small_count(n_moves, k)
                parts.append(f'<text class="{anchor}" x="{px(at + shift)}" y="{px(top + 17)}">{told}</text>')
    return parts


def _arrow(start: tuple[float, float], end: tuple[float, float], back: str) -> str:
    line, head = arrow([start, end], 2.0)
    (ax, ay), (bx, by) = line
    return (
        f'<g class="ed k-a{back}"><path d="M{px(ax)} {px(ay)}L{px(bx)} {px(by)}" stroke-width="2"/>'
        f'<path class="h" d="{head}"/></g>'
    )
