"""The dictionary page: what the step dictionary does not name, with a step to paste for each, and what is silent.

Codes come as ingest counted and masked them (ingest/naming); the steps are guesses by their words (ingest/sniffing).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from ingest.language import say
from ingest.naming.proposal import Proposal, Surroundings, propose
from reports import formats
from reports.figures import Figures
from reports.pages.news import BEFORE
from reports.view import Report

MOST_SILENT = 40
SILENT_DAYS = 28
NEW_DAYS = 7

_WIDE = re.compile(r"\S+ (/(\{\w+\}|\*)?)+")

_SOURCES = (
    """select n.*, s.name from source_named as n inner join source as s using (source_id) order by s.rank, s.name"""
)

_PROPOSED = """select p.*, s.name as source, n.n_events as of_n,
    coalesce(b.label, p.step_before) as label_before, coalesce(a.label, p.step_after) as label_after,
    coalesce(c.label, p.caught_by) as label_caught
from proposed_pattern as p inner join source as s using (source_id) inner join source_named as n using (source_id)
left join touch as b on b.step = p.step_before left join touch as a on a.step = p.step_after
left join touch as c on c.step = p.caught_by
order by p.rank_no nulls last, s.rank, s.name"""

_USUAL = """with told as (
    select source_id, channel::varchar as channel, department::varchar as department, count(*) as n
    from event where visible group by all)
select source_id, arg_max(channel, {'n': n, 'name': channel}),
    arg_max(department, {'n': n, 'name': department}) filter (where department is not null)
from told group by source_id"""

_SILENT = """select t.label, p.pattern, s.name, p.first_at, p.last_at,
    (select count(*) from dictionary_pattern as o where o.step = p.step and o.last_at >= $since) = 0 as is_whole_step
from dictionary_pattern as p
inner join source as s using (source_id) inner join source_named as n using (source_id)
inner join touch as t on t.step = p.step
where not p.is_catch_all and n.last_at >= $alive and n.first_at < $since and coalesce(p.last_at < $since, true)
order by p.n_events desc, s.rank, s.name, t.step_no, p.pattern"""


@dataclass(frozen=True, slots=True)
class Card:
    """One pattern that would name codes, and the step to paste."""

    pattern: str
    source: str
    tag: str
    facts: tuple[str, ...]
    examples: tuple[str, ...]
    around: str
    toml: str


@dataclass(frozen=True, slots=True)
class DictionaryView:
    """`line`: how much is named, for the overview, '' when nothing was counted. `groups`: title and cards."""

    line: str
    headline: str
    sources: tuple[tuple[str, ...], ...]
    groups: tuple[tuple[str, tuple[Card, ...]], ...]
    n_cards: int
    few: tuple[str, ...]
    silent: tuple[tuple[str, ...], ...]
    silent_more: str


def build(figures: Figures, _report: Report) -> DictionaryView:
    """Read what ingest counted. A warehouse that an earlier release left has nothing to tell."""
    store, k = figures.store, figures.k
    if not store.has_table("proposed_pattern"):
        return DictionaryView("", say("Nothing was counted"), (), (), 0, (), (), "")
    sources = store.records(_SOURCES)
    rows = store.records(_PROPOSED)
    n, named = (sum(int(row[name]) for row in sources) for name in ("n_events", "n_named"))
    before = store.value(BEFORE, {"night": figures.as_of})
    groups = _groups(figures, [row for row in rows if row["pattern"] is not None], sources, before)
    n_cards = sum(len(cards) for _, cards in groups)
    silent = _silent(figures)
    return DictionaryView(
        line=_line(n, named, len(groups[0][1]) if before else 0),
        headline=say(
            "{share} of the events have a step of their own in the step dictionary", share=formats.ratio(named, n)
        ),
        sources=tuple(_source_row(row) for row in sources),
        groups=tuple((title, cards) for title, cards in groups if cards),
        n_cards=n_cards,
        few=tuple(_few(row, k) for row in rows if row["pattern"] is None),
        silent=silent[:MOST_SILENT],
        silent_more=formats.plural(
            len(silent) - MOST_SILENT, "Not listed: {n} further pattern.", "Not listed: {n} further patterns."
        )
        if len(silent) > MOST_SILENT
        else "",
    )


def _line(n: int, named: int, n_new: int) -> str:
    told = say(
        "{share} of {n} events have a step of their own in the step dictionary.",
        share=formats.ratio(named, n),
        n=formats.count(n),
    )
    new = formats.plural(
        n_new,
        "{n} kind of code without one is new since the last night.",
        "{n} kinds of codes without one are new since the last night.",
    )
    return f"{told} {new}" if n_new else told


def _source_row(row: dict[str, Any]) -> tuple[str, ...]:
    n = int(row["n_events"])
    return (
        row["name"],
        formats.count(n),
        formats.ratio(int(row["n_named"]), n),
        formats.ratio(int(row["n_caught"]), n),
        formats.ratio(int(row["n_undeclared"]), n),
    )


def _few(row: dict[str, Any], k: int) -> str:
    return formats.plural(
        int(row["n_codes"]),
        "{source}: {n} more code, met by fewer than {k} customers or too varied for a pattern, with {events}",
        "{source}: {n} more codes, met by fewer than {k} customers each or too varied for a pattern, with {events}",
        source=row["source"],
        k=k,
        events=formats.plural(int(row["n_events"]), "{n} event", "{n} events"),
    )


def _groups(
    figures: Figures, rows: list[dict[str, Any]], sources: list[dict[str, Any]], before: dt.date | None
) -> list[tuple[str, tuple[Card, ...]]]:
    """The cards by how new they are: since the last night, in the last days, older. Steps get names in this order."""
    end = dt.datetime.combine(figures.as_of, dt.time()) + dt.timedelta(days=1)
    last = dt.datetime.combine(before, dt.time()) + dt.timedelta(days=1) if before else end
    week = end - dt.timedelta(days=NEW_DAYS)
    first = min((row["first_at"] for row in sources), default=end)
    told: tuple[list[Card], list[Card], list[Card]] = ([], [], [])
    around = _surroundings(figures, sources)
    taken = {step for (step,) in figures.store.rows("select step from touch")}
    ages = [0 if row["first_at"] >= last else 1 if row["first_at"] >= week > first else 2 for row in rows]
    for age, row in sorted(zip(ages, rows, strict=True), key=lambda one: (one[0], one[1]["rank_no"])):
        proposal = propose(row["pattern"], around[row["source_id"]], taken)
        taken.add(proposal.step)
        told[age].append(_card(row, proposal, figures.k))
    titles = (
        say("New since the last night"),
        say("New in the last {n} days", n=NEW_DAYS),
        say("Known for longer") if told[0] or told[1] else say("Codes without a step of their own"),
    )
    return [(title, tuple(cards)) for title, cards in zip(titles, told, strict=True)]


def _surroundings(figures: Figures, sources: list[dict[str, Any]]) -> dict[int, Surroundings]:
    usual = {source: (channel, lane) for source, channel, lane in figures.store.rows(_USUAL)}
    lanes = {name for name, _ in figures.departments()}
    found = {}
    for row in sources:
        shares = (int(row[name]) / int(row["n_events"]) for name in ("n_addresses", "n_calls", "n_orders"))
        channel, lane = usual.get(row["source_id"], (None, None))
        found[row["source_id"]] = Surroundings.of(shares, row["name"], channel, lane, lanes)
    return found


def _card(row: dict[str, Any], proposal: Proposal, k: int) -> Card:
    n, of_n = int(row["n_events"]), int(row["of_n"])
    facts = [
        say("{n} of the source's events ({share})", n=formats.count(n), share=formats.ratio(n, of_n)),
        say("{n} customers", n=formats.small_count(int(row["n_customers"]), k)),
        say("since {day}", day=formats.date_short(row["first_at"])),
        formats.plural(int(row["n_week"]), "{n} event in the last 7 days", "{n} events in the last 7 days"),
    ]
    if row["n_codes"] > 1:
        facts.append(formats.plural(int(row["n_codes"]), "{n} different code", "{n} different codes"))
    notes = [say("A GUESS from the words of the code: read it aloud as a customer would say it, and mend it.")]
    if proposal.like:
        notes.append(
            say("If it is the same as step {step}, put the pattern among its codes instead.", step=proposal.like)
        )
    if "/order" in row["pattern"] and "{number}" in row["pattern"]:
        notes.append(say("If the number is an order's, write {order} in its place.", order="{order}"))
    if _WIDE.fullmatch(row["pattern"]):
        notes.append(say("WIDE: it takes whatever address has so many parts. Better name the parts that you know."))
    caught = row["label_caught"]
    return Card(
        row["pattern"],
        row["source"],
        say("only in the catch-all “{step}”", step=caught) if caught else say("undeclared"),
        tuple(facts),
        tuple(row["examples"]),
        _around(row),
        proposal.toml(notes),
    )


def _around(row: dict[str, Any]) -> str:
    told = []
    if row["label_before"]:
        told.append(
            say("{n} customers come from “{step}”.", n=formats.count(row["n_before"]), step=row["label_before"])
        )
    if row["label_after"]:
        told.append(say("{n} go on to “{step}”.", n=formats.count(row["n_after"]), step=row["label_after"]))
    return " ".join(told)


def _silent(figures: Figures) -> tuple[tuple[str, ...], ...]:
    end = dt.datetime.combine(figures.as_of, dt.time()) + dt.timedelta(days=1)
    limits = {"since": end - dt.timedelta(days=SILENT_DAYS), "alive": end - dt.timedelta(days=NEW_DAYS)}
    return tuple(
        (
            label,
            say("the whole step") if is_whole else say("one of its patterns"),
            source,
            pattern,
            formats.date_short(last) if last else say("never"),
        )
        for label, pattern, source, _, last, is_whole in figures.store.rows(_SILENT, limits)
    )
