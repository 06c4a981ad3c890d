"""What was looked for, and how small a thing would have been seen: "nothing larger than ... would have gone unseen".

One row per family of findings, from the counts that its floors and tests use (mining/power.py). A family whose limit
the journeys alone don't tell says which floor it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ingest.language import mark, say, say_n
from mining.intended import Intended
from mining.method import Method
from mining.power import count_is_proposed, excess_is_proposed, smallest_share
from reports import formats
from reports.records import SearchedUnits, SearchFigure


@dataclass(frozen=True, slots=True)
class Limit:
    """How small a thing would have been seen, as a sentence. `is_share`: it is a share of what was looked at.

    `is_missing`: nothing was looked for, and the sentence says what the site lacks.
    """

    text: str
    is_share: bool = False
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Unseen:
    """A family: what was looked for, how many findings are told, and what would have been seen or what is missing."""

    name: str
    n_told: int
    limit: str
    is_share: bool = False
    is_missing: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is told."""
        return self.n_told == 0


@dataclass(frozen=True, slots=True)
class Searching:
    """What a limit is told from: the night's counts, the records that are not shown, and what the site declares."""

    figure: SearchFigure
    method: Method
    intended: Intended | None


def unseen_rows(figure: SearchFigure, method: Method, intended: Intended | None) -> tuple[Unseen, ...]:
    """All families, in the order of the page."""
    searching = Searching(figure, method, intended)
    rows = []
    for heads, name, limit in _FAMILIES:
        n_told = sum(n for kind, n in figure.told.items() if kind.startswith(heads))
        found = limit(searching)
        rows.append(Unseen(say(name), n_told, found.text, found.is_share, found.is_missing))
    return tuple(rows)


def nothing_found(rows: Sequence[Unseen]) -> str:
    """One sentence for the overview: of what nothing was found; '' when something of everything was."""
    if all(row.is_empty for row in rows):
        return say("Nothing is told of any of the {n} kinds of finding that were looked for.", n=len(rows))
    names = [row.name for row in rows if row.is_empty]
    return say("Looked for, and nothing told of: {families}.", families="; ".join(names)) if names else ""


def _percent_up(share: float) -> str:
    """A limit is rounded up, so that what is stated holds: 0.01234 -> '1.3 %'."""
    return formats.share(math.ceil(round(1000 * share, 6)) / 1000, 1)


def _nothing_larger(share: float | None, sample: str, n_needed: int) -> Limit:
    """`sample`: of how many what."""
    if share is None:
        return Limit(
            say(
                "Too little data: {sample}, and at least {n} are needed before anything can be told.",
                sample=sample,
                n=formats.count(n_needed),
            )
        )
    return Limit(
        say(
            "Nothing larger than {share} of {sample} would have gone unseen: that much is found 8 times in 10.",
            share=_percent_up(share),
            sample=sample,
        ),
        is_share=True,
    )


def _loops(searching: Searching) -> Limit:
    method, n = searching.method, searching.figure.closed.n
    power_at = partial(count_is_proposed, n=n, units_min=method.loop_journeys_min, hits_min=method.loop_hits_min)
    shown = formats.small_count(n, method.small_cell_customers)
    sample = say_n("{n} closed journey", "{n} closed journeys", n, n=shown)
    return _nothing_larger(smallest_share(power_at), sample, method.loop_journeys_min)


def _deviations(searching: Searching) -> Limit:
    intended, units = searching.intended, searching.figure.cases
    if intended is None:
        return Limit(
            say("Not looked for: the site declares no intended process (process/intended.toml)."), is_missing=True
        )
    shown = formats.small_count(units.n, searching.method.small_cell_customers)
    sample = say_n("{n} journey of the intended process", "{n} journeys of the intended process", units.n, n=shown)
    return _tested(searching, units, "deviation:", intended.tolerance, sample)


def _rules(searching: Searching) -> Limit:
    intended = searching.intended
    if intended is None or not intended.rules:
        return Limit(
            say("Not looked for: the site declares no rule (rules in process/intended.toml)."), is_missing=True
        )
    records = [one for one in searching.figure.not_told if one.kind == "deviation.rule"]
    if not records:
        return Limit(say("No rule had a case to which it applies."))
    units = min((SearchedUnits(one.n_discovery, one.n_confirm) for one in records), key=lambda one: one.n)
    shown = formats.small_count(units.n, searching.method.small_cell_customers)
    sample = say_n("{n} case of the rule with the fewest", "{n} cases of the rule with the fewest", units.n, n=shown)
    return _tested(searching, units, "deviation.rule:", intended.tolerance, sample)


def _tested(searching: Searching, units: SearchedUnits, family: str, tolerance: float, sample: str) -> Limit:
    """A family that is held against what the process tolerates."""
    method = searching.method
    m = max((n for name, n in searching.figure.family_sizes.items() if name.startswith(family)), default=1)
    power_at = partial(
        excess_is_proposed,
        n_discovery=units.n_discovery,
        n_confirm=units.n_confirm,
        null=tolerance,
        m=max(1, m),
        method=method,
    )
    limit = _nothing_larger(smallest_share(power_at, tolerance), sample, method.deviation_journeys_min)
    tolerated = say("The process tolerates {share}.", share=formats.share(tolerance))
    return replace(limit, text=f"{limit.text} {tolerated}")


def _requests(searching: Searching) -> Limit:
    method, n = searching.method, searching.figure.n_asked
    if n is None:
        return Limit(
            say("Not looked for: the step dictionary says of no step what it asks (asks in process/steps.toml)."),
            is_missing=True,
        )
    power_at = partial(count_is_proposed, n=n, units_min=method.re_ask_journeys_min, hits_min=method.re_ask_hits_min)
    sample = say_n(
        "{n} closed journey of the step that asks most often",
        "{n} closed journeys of the step that asks most often",
        n,
        n=formats.small_count(n, method.small_cell_customers),
    )
    return _nothing_larger(smallest_share(power_at), sample, method.re_ask_journeys_min)


def _repeats(searching: Searching) -> Limit:
    records = [one for one in searching.figure.not_told if one.kind == "repeat_contact"]
    seen = [one.smallest for one in records if one.smallest is not None and one.status != "not_enough_data"]
    if seen:
        return Limit(
            say(
                "No excess larger than {share} of the contacts of a subject would have gone unseen: that much is found "
                "8 times in 10.",
                share=_percent_up(max(seen)),
            )
        )
    n = max((one.units for one in records), default=0)
    return Limit(
        say(
            "A subject needs {floor} contacts, each followed for 35 days; the largest had {n}.",
            floor=formats.count(searching.method.repeat_contacts_min),
            n=formats.small_count(n, searching.method.small_cell_customers),
        )
    )


def _lateness(searching: Searching) -> Limit:
    return Limit(
        say(
            "A wait is held against the eight weeks before it; {n} waits of a step are needed for that.",
            n=formats.count(searching.method.late_waits_min),
        )
    )


def _merges(searching: Searching) -> Limit:
    return Limit(
        say(
            "A pair is told from {n} times that both steps occur, when they stand next to each other in at least "
            "{share} of them, in one place and with no decision between them.",
            n=formats.count(searching.method.merge_occurrences_min),
            share=formats.share(searching.method.merge_share_min),
        )
    )


def _eliminations(searching: Searching) -> Limit:
    return Limit(
        say(
            "A step is proposed only where journeys without it are shown to end alike, within {points} point of a "
            "hundred; without a declared bad end (bad in process/steps.toml) none can be.",
            points=formats.number(100 * min(searching.method.equivalence_margins)),
        )
    )


def _handoffs(searching: Searching) -> Limit:
    return Limit(
        say(
            "A department is told from {n} hand-overs to it, when it passes on more than {share} of them without work "
            "of its own.",
            n=formats.count(searching.method.handoff_min),
            share=formats.share(searching.method.handoff_share_min),
        )
    )


def _switches(searching: Searching) -> Limit:
    return Limit(
        say(
            "A kind of call is told from {visits} web visits on its subject and {calls} calls with a visit on one side "
            "of them only.",
            visits=formats.count(searching.method.switch_visits_min),
            calls=formats.count(searching.method.switch_pairs_min),
        )
    )


def _pages(searching: Searching) -> Limit:
    return Limit(
        say(
            "A page is told from {views} days on which known customers saw it and {calls} calls after them, when it is "
            "surely followed by more than {times} times as many calls as similar pages.",
            views=formats.count(searching.method.page_views_min),
            calls=formats.count(searching.method.page_calls_min),
            times=formats.number(searching.method.page_times_min, 1),
        )
    )


def _web_failings(searching: Searching) -> Limit:
    return Limit(
        say(
            "A failing is told from {views} days on which known customers met it and {calls} calls after them, when it "
            "is surely followed by more than {times} times the calls of visits that went otherwise; which pages are "
            "searches, help, forms and status is declared (purpose in process/steps.toml).",
            views=formats.count(searching.method.page_views_min),
            calls=formats.count(searching.method.page_calls_min),
            times=formats.number(searching.method.page_times_min, 1),
        )
    )


def _batches(searching: Searching) -> Limit:
    return Limit(
        say(
            "Two messages are told from {n} days on which a customer gets both, when they are at least {share} of the "
            "days with one of them.",
            n=formats.count(searching.method.batch_days_min),
            share=formats.share(searching.method.batch_share_min),
        )
    )


def _failures(searching: Searching) -> Limit:
    method = searching.method
    return Limit(
        say(
            "A step is told from {n} times that customers met it and {outcomes} bad ends after it, when the odds are "
            "at least {odds} times those of its stage's main step, which cannot be told itself; bad ends are declared "
            "(bad in process/steps.toml), or orders given up.",
            n=formats.count(method.failure_rows_min),
            outcomes=formats.count(method.failure_outcomes_min),
            odds=formats.number(method.failure_odds_min, 1),
        )
    )


def _paths(searching: Searching) -> Limit:
    method = searching.method
    return Limit(
        say(
            "A path is told from {bad} journeys that end so, {hits} of them on it, when they went it at least {points} "
            "points of a hundred more often than others who stood at the same point.",
            bad=formats.count(method.path_bad_min),
            hits=formats.count(method.path_hits_min),
            points=formats.number(100 * method.path_difference_min, 0),
        )
    )


_FAMILIES: tuple[tuple[tuple[str, ...], str, Callable[[Searching], Limit]], ...] = (
    (("loop", "rework"), mark("Loops and rework"), _loops),
    (
        ("deviation.skipped", "deviation.unexpected", "deviation.out_of_order"),
        mark("Steps skipped, added or out of order"),
        _deviations,
    ),
    (("deviation.rule",), mark("Broken rules"), _rules),
    (("deviation.late",), mark("Steps that come later than they used to"), _lateness),
    (("repeat_contact",), mark("Contacts that come again on the same subject"), _repeats),
    (("re_ask", "duplicate_request"), mark("Things asked for twice"), _requests),
    (("merge",), mark("Steps that could be one"), _merges),
    (("eliminate",), mark("Steps that could be dropped"), _eliminations),
    (("handoff",), mark("Hand-overs without work"), _handoffs),
    (("channel_switch",), mark("Calls that follow a web visit"), _switches),
    (("page_calls",), mark("Pages and products followed by many calls"), _pages),
    (
        ("empty_search", "help_before_call", "back_and_forth", "form_given_up", "status_again"),
        mark("Failings of the website followed by calls"),
        _web_failings,
    ),
    (("batch_contact",), mark("Messages that could be one"), _batches),
    (("failure_point",), mark("Steps after which journeys end badly"), _failures),
    (("outcome_path",), mark("Paths to a bad end"), _paths),
)
"""(kinds by how they begin, name, what would have been seen), in the order of the page."""


_ASKED = ("change_effect", "competitor_gap", "whatif")
"""Kinds that answer a question which the site asks by name: their own pages say of each how small it could be."""


def unstated(kinds: Iterable[str]) -> set[str]:
    """Kinds that belong to no family: an analysis whose limit nobody stated yet."""
    stated = [*(heads for heads, _, _ in _FAMILIES), _ASKED]
    return {kind for kind in kinds if not any(kind.startswith(heads) for heads in stated)}
