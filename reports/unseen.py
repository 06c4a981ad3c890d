"""What was looked for, and how small a thing would have been seen: "nothing larger than ... would have gone unseen".

One row per family of findings, from the counts that its floors and tests use (mining/power.py). A family whose limit
the journeys alone don't tell says which floor it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from mining.intended import Intended
from mining.method import Method
from mining.power import count_is_proposed, excess_is_proposed, smallest_share
from reports import formats
from reports.records import SearchedUnits, SearchFigure

NOTHING_LARGER, NOT_LOOKED_FOR = "Nothing larger than", "Not looked for"
"""How a limit begins where it is a share, and where nothing was looked for."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A family: what was looked for, how many findings are told, and what would have been seen or what is missing."""

    name: str
    n_told: int
    limit: str
    is_empty: bool


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
        rows.append(Unseen(name, n_told, limit(searching), n_told == 0))
    return tuple(rows)


def nothing_found(rows: Sequence[Unseen]) -> str:
    """One sentence for the overview: of what nothing was found; '' when something of everything was."""
    if all(row.is_empty for row in rows):
        return f"Nothing is told of any of the {len(rows)} kinds of finding that were looked for."
    names = [row.name[0].lower() + row.name[1:] for row in rows if row.is_empty]
    return f"Looked for, and nothing told of: {'; '.join(names)}." if names else ""


def _percent_up(share: float) -> str:
    """A limit is rounded up, so that what is stated holds: 0.01234 -> '1.3 %'."""
    return formats.share(math.ceil(round(1000 * share, 6)) / 1000, 1)


def _nothing_larger(share: float | None, n: int, unit: str, n_needed: int, k: int) -> str:
    if share is None:
        return (
            f"Too little data: {formats.small_count(n, k)} {unit}, and at least {formats.count(n_needed)} are needed "
            "before anything can be told."
        )
    return (
        f"{NOTHING_LARGER} {_percent_up(share)} of {formats.count(n)} {unit} would have gone unseen: that much is "
        "found 8 times in 10."
    )


def _loops(searching: Searching) -> str:
    method, units = searching.method, searching.figure.closed
    power_at = partial(count_is_proposed, n=units.n, units_min=method.loop_journeys_min, hits_min=method.loop_hits_min)
    return _nothing_larger(
        smallest_share(power_at), units.n, "closed journeys", method.loop_journeys_min, method.small_cell_customers
    )


def _deviations(searching: Searching) -> str:
    intended, units = searching.intended, searching.figure.cases
    if intended is None:
        return f"{NOT_LOOKED_FOR}: the site declares no intended process (process/intended.toml)."
    return _tested(searching, units, "deviation:", intended.tolerance, "journeys of the intended process")


def _rules(searching: Searching) -> str:
    intended = searching.intended
    if intended is None or not intended.rules:
        return f"{NOT_LOOKED_FOR}: the site declares no rule (rules in process/intended.toml)."
    records = [one for one in searching.figure.not_told if one.kind == "deviation.rule"]
    if not records:
        return "No rule had a case to which it applies."
    units = min((SearchedUnits(one.n_discovery, one.n_confirm) for one in records), key=lambda one: one.n)
    return _tested(searching, units, "deviation.rule:", intended.tolerance, "cases of the rule with the fewest")


def _tested(searching: Searching, units: SearchedUnits, family: str, tolerance: float, unit: str) -> str:
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
    told = _nothing_larger(
        smallest_share(power_at, tolerance), units.n, unit, method.deviation_journeys_min, method.small_cell_customers
    )
    return f"{told} The process tolerates {formats.share(tolerance)}."


def _requests(searching: Searching) -> str:
    method, n = searching.method, searching.figure.n_asked
    if n is None:
        return f"{NOT_LOOKED_FOR}: the step dictionary says of no step what it asks (asks in process/steps.toml)."
    power_at = partial(count_is_proposed, n=n, units_min=method.re_ask_journeys_min, hits_min=method.re_ask_hits_min)
    unit = "closed journeys of the step that asks most often"
    return _nothing_larger(smallest_share(power_at), n, unit, method.re_ask_journeys_min, method.small_cell_customers)


def _repeats(searching: Searching) -> str:
    floor = searching.method.repeat_contacts_min
    records = [one for one in searching.figure.not_told if one.kind == "repeat_contact"]
    seen = [one.smallest for one in records if one.smallest is not None and one.status != "not_enough_data"]
    if seen:
        return (
            f"No excess larger than {_percent_up(max(seen))} of the contacts of a subject would have gone unseen: that "
            "much is found 8 times in 10."
        )
    n = max((one.units for one in records), default=0)
    return (
        f"A subject needs {formats.count(floor)} contacts, each followed for 35 days; the largest had "
        f"{formats.small_count(n, searching.method.small_cell_customers)}."
    )


def _lateness(searching: Searching) -> str:
    return (
        "A wait is held against the eight weeks before it; "
        f"{formats.count(searching.method.late_waits_min)} waits of a step are needed for that."
    )


def _merges(searching: Searching) -> str:
    method = searching.method
    return (
        f"A pair is told from {formats.count(method.merge_occurrences_min)} times that both steps occur, when they "
        f"stand next to each other in at least {formats.share(method.merge_share_min)} of them, in one place and with "
        "no decision between them."
    )


def _eliminations(searching: Searching) -> str:
    points = formats.number(100 * min(searching.method.equivalence_margins))
    return (
        f"A step is proposed only where journeys without it are shown to end alike, within {points} point of a "
        "hundred; without a declared bad end (bad in process/steps.toml) none can be."
    )


def _handoffs(searching: Searching) -> str:
    method = searching.method
    return (
        f"A department is told from {formats.count(method.handoff_min)} hand-overs to it, when it passes on more than "
        f"{formats.share(method.handoff_share_min)} of them without work of its own."
    )


def _switches(searching: Searching) -> str:
    method = searching.method
    return (
        f"A kind of call is told from {formats.count(method.switch_visits_min)} web visits on its subject and "
        f"{formats.count(method.switch_pairs_min)} calls with a visit on one side of them only."
    )


def _batches(searching: Searching) -> str:
    method = searching.method
    return (
        f"Two messages are told from {formats.count(method.batch_days_min)} days on which a customer gets both, when "
        f"they are at least {formats.share(method.batch_share_min)} of the days with one of them."
    )


_FAMILIES: tuple[tuple[tuple[str, ...], str, Callable[[Searching], str]], ...] = (
    (("loop", "rework"), "Loops and rework", _loops),
    (
        ("deviation.skipped", "deviation.unexpected", "deviation.out_of_order"),
        "Steps skipped, added or out of order",
        _deviations,
    ),
    (("deviation.rule",), "Broken rules", _rules),
    (("deviation.late",), "Steps that come later than they used to", _lateness),
    (("repeat_contact",), "Contacts that come again on the same subject", _repeats),
    (("re_ask", "duplicate_request"), "Things asked for twice", _requests),
    (("merge",), "Steps that could be one", _merges),
    (("eliminate",), "Steps that could be dropped", _eliminations),
    (("handoff",), "Hand-overs without work", _handoffs),
    (("channel_switch",), "Calls that follow a web visit", _switches),
    (("batch_contact",), "Messages that could be one", _batches),
)
"""(kinds by how they begin, name, what would have been seen), in the order of the page."""


def unstated(kinds: Iterable[str]) -> set[str]:
    """Kinds that belong to no family: an analysis whose limit nobody stated yet."""
    return {kind for kind in kinds if not any(kind.startswith(heads) for heads, _, _ in _FAMILIES)}
