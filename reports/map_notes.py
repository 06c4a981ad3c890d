"""What a map says in words: its footer, the strips below it, where the intended process begins and ends, its legend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest.language import mark, say
from mining.intended import Intended
from mining.sentences import all_of, any_of
from reports import formats
from reports.diagram_bands import BLUEPRINT, LINE_OF_VISIBILITY, LOVEM, Strip
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
            say(
                "{share} of {events} have a declared step.",
                share=formats.ratio(night.n_events - self.off_map.n_undeclared, night.n_events),
                events=formats.plural(night.n_events, "{n} event", "{n} events"),
            ),
            _gap_words(self.gaps),
        ]
        return " ".join(sentences)

    def _whole_words(self, n_whole: int) -> str:
        journeys = formats.plural(self.night.n_journeys, "{n} journey", "{n} journeys")
        rest = self.night.n_journeys - n_whole
        if 0 < rest < self.k:
            few = formats.small_count(rest, self.k)
            return say("All but {n} of {journeys} go along these paths only.", n=few, journeys=journeys)
        n = formats.small_count(n_whole, self.k)
        if 0 < n_whole < self.k:
            return say("{n} of {journeys} go along these paths only.", n=n, journeys=journeys)
        share = formats.ratio(n_whole, self.night.n_journeys)
        return say("{n} of {journeys} ({share}) go along these paths only.", n=n, journeys=journeys, share=share)

    @property
    def strips(self) -> tuple[Strip, ...]:
        """The bands below the company's: what customers don't see, systems, what nobody declared."""
        u = self.off_map
        backstage = _counted(
            mark("{events} of {steps} that customers don't see: counted, not drawn."),
            u.n_backstage,
            u.n_backstage_steps,
        )
        strips = [Strip(say("Backstage"), backstage, ((BLUEPRINT, LINE_OF_VISIBILITY),))]
        if u.n_system:
            lines = (
                (LOVEM, mark("manual and automation interface")),
                (BLUEPRINT, mark("line of internal interaction")),
            )
            systems = _counted(
                mark("{events} of {steps} that systems do by themselves: counted, not drawn."),
                u.n_system,
                u.n_system_steps,
            )
            strips.append(Strip(say("Systems"), systems, lines))
        if u.n_undeclared:
            note = say(
                "{events} with {codes} that the step dictionary does not know: see the data page.",
                events=formats.plural(u.n_undeclared, "{n} event", "{n} events"),
                codes=formats.plural(u.n_undeclared_codes, "{n} code", "{n} codes"),
            )
            strips.append(Strip(say("Unmapped"), note))
        return tuple(strips)


def _counted(text: str, n_events: int, n_steps: int) -> str:
    if not n_events:
        return say("The logs hold no event here.")
    events = formats.plural(n_events, "{n} event", "{n} events")
    return say(text, events=events, steps=formats.plural(n_steps, "{n} step", "{n} steps"))


def _gap_words(gaps: Sequence[tuple[str, dt.date, dt.date]]) -> str:
    if not gaps:
        return say("No source has a day without data.")
    told = [f"{source} {_days(first, last)}" for source, first, last in gaps[:_MOST_GAPS]]
    if len(gaps) > _MOST_GAPS:
        told.append(formats.plural(len(gaps) - _MOST_GAPS, "{n} more gap", "{n} more gaps"))
    return say("Days without data: {gaps}.", gaps=all_of(told))


def _days(first: dt.date, last: dt.date) -> str:
    """A day, or '3 Jan 2026 to 5 Jan 2026'."""
    if last == first:
        return formats.date_short(first)
    return formats.interval(formats.date_short(first), formats.date_short(last))


def coverage_words(coverage: Coverage) -> str:
    """'Shown: 42 of 45 paths, 98 % of 51 230 moves.'"""
    shown = {
        "n": formats.count(coverage.n_edges),
        "paths": formats.plural(coverage.of_edges, "{n} path", "{n} paths"),
        "share": formats.ratio(coverage.n_moves, coverage.of_moves),
        "moves": formats.plural(coverage.of_moves, "{n} move", "{n} moves"),
    }
    if not coverage.n_folded:
        return say("Shown: {n} of {paths}, {share} of {moves}.", **shown)
    steps = formats.plural(coverage.n_folded, "{n} less frequent step", "{n} less frequent steps")
    return say("Shown: {n} of {paths}, {share} of {moves}; {steps} folded into one box a lane.", steps=steps, **shown)


def criteria_words(process: Intended | None, labels: Mapping[str, str]) -> str:
    """With which steps the intended process may begin and end; "" where none is declared."""
    if process is None:
        return ""
    moves, accepting = process.automaton.moves, process.automaton.accepting
    starts = set(moves[0])
    ends = {step for edges in moves for step, target in edges.items() if target in accepting}

    def told(steps: set[str]) -> str:
        ordered = [step for step in process.order if step in steps]
        return any_of([f"\u201c{labels.get(step, step)}\u201d" for step in ordered])

    return say(
        "By the intended process a journey starts with {starts} and is complete with {ends}.",
        starts=told(starts),
        ends=told(ends),
    )
