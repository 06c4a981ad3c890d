"""What a map says in words: its footer, the strips below it, where the intended process begins and ends, its legend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mining.intended import Intended
from reports import formats
from reports.diagram_bands import BLUEPRINT, LOVEM, Strip
from reports.figures_map import OffMap
from reports.maps import Coverage, ProcessMap
from reports.records import MoveFigure, Night

_MOST_GAPS = 3


@dataclass(frozen=True, slots=True)
class MapFacts:
    """What is said about every map of a night. `n_whole` counts the journeys all of whose moves are among pairs."""

    night: Night
    moves: Sequence[MoveFigure]
    off_map: OffMap
    gaps: Sequence[tuple[str, dt.date, dt.date]]
    criteria: str
    n_whole: Callable[[Iterable[tuple[str, str]]], int]
    k: int

    def footer(self, drawn: ProcessMap, coverage: Coverage) -> str:
        """Coverage, journeys drawn whole, share of events with a declared step, window, gaps."""
        box_of = drawn.box_of
        pairs = {(edge.source, edge.target) for edge in drawn.edges}
        told = [(m.source, m.target) for m in self.moves if (box_of.get(m.source), box_of.get(m.target)) in pairs]
        night = self.night
        sentences = [
            coverage_words(coverage),
            self._whole_words(self.n_whole(told)),
            f"{formats.ratio(night.n_events - self.off_map.n_undeclared, night.n_events)} of "
            f"{formats.plural(night.n_events, 'event')} have a declared step.",
            _gap_words(self.gaps),
        ]
        return " ".join(sentences)

    def _whole_words(self, n_whole: int) -> str:
        of_all = formats.plural(self.night.n_journeys, "journey")
        rest = self.night.n_journeys - n_whole
        if 0 < rest < self.k:
            return f"All but {formats.small_count(rest, self.k)} of {of_all} go along these paths only."
        share = f" ({formats.ratio(n_whole, self.night.n_journeys)})" if not 0 < n_whole < self.k else ""
        return f"{formats.small_count(n_whole, self.k)} of {of_all}{share} go along these paths only."

    @property
    def strips(self) -> tuple[Strip, ...]:
        """The bands below the company's: what customers don't see, systems, what nobody declared."""
        u = self.off_map
        backstage = _hidden("customers don't see", u.n_backstage_steps, u.n_backstage)
        strips = [Strip("Backstage", backstage, ((BLUEPRINT, "line of visibility"),))]
        if u.n_system:
            lines = ((LOVEM, "manual and automation interface"), (BLUEPRINT, "line of internal interaction"))
            systems = _hidden("systems do by themselves", u.n_system_steps, u.n_system)
            strips.append(Strip("Systems", systems, lines))
        if u.n_undeclared:
            events = formats.plural(u.n_undeclared, "event")
            codes = formats.plural(u.n_undeclared_codes, "code")
            note = f"{events} with {codes} that the step dictionary does not know: see the data page."
            strips.append(Strip("Unmapped", note))
        return tuple(strips)


def _hidden(what: str, n_steps: int, n_events: int) -> str:
    if not n_events:
        return "The logs hold no event here."
    return f"{formats.plural(n_events, 'event')} of {formats.plural(n_steps, 'step')} that {what}: counted, not drawn."


def _gap_words(gaps: Sequence[tuple[str, dt.date, dt.date]]) -> str:
    if not gaps:
        return "No source has a day without data."
    told = [
        f"{source} {formats.date_short(first)}" + (f" to {formats.date_short(last)}" if last > first else "")
        for source, first, last in gaps[:_MOST_GAPS]
    ]
    more = len(gaps) - _MOST_GAPS
    if more > 0:
        told.append(formats.plural(more, "more gap"))
    return f"Days without data: {formats.listing(told)}."


def coverage_words(coverage: Coverage) -> str:
    """'Shown: 42 of 45 paths, 98 % of 51 230 moves.'"""
    sentence = (
        f"Shown: {formats.count(coverage.n_edges)} of {formats.plural(coverage.of_edges, 'path')}, "
        f"{formats.ratio(coverage.n_moves, coverage.of_moves)} of {formats.plural(coverage.of_moves, 'move')}"
    )
    if coverage.n_folded:
        sentence += f"; {formats.plural(coverage.n_folded, 'less frequent step')} folded into one box a lane"
    return sentence + "."


def criteria_words(process: Intended | None, labels: Mapping[str, str]) -> str:
    """With which steps the intended process may begin and end; "" where none is declared."""
    if process is None:
        return ""
    moves, accepting = process.automaton.moves, process.automaton.accepting
    starts = set(moves[0])
    ends = {step for edges in moves for step, target in edges.items() if target in accepting}

    def told(steps: set[str]) -> str:
        ordered = [step for step in process.order if step in steps]
        return formats.listing((f"\u201c{labels.get(step, step)}\u201d" for step in ordered), "or")

    return f"By the intended process a journey starts with {told(starts)} and is complete with {told(ends)}."
