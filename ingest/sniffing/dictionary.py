"""A draft of the step dictionary: the codes met, put together to patterns, each pattern to a step by what its words
usually mean. Counts are those of the dictionary as it is written: the first pattern that fits takes a code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.sniffing.clusters import patterns
from ingest.sniffing.columns import slug
from ingest.sniffing.toml_text import toml_key, toml_value
from ingest.sniffing.vocabulary import CHANNELS, DEFAULT_STAGE, DEPARTMENTS, Meaning, meaning_of
from ingest.touch import compile_pattern

MAX_OWN_STEPS = 25
MIN_PEOPLE = 10


@dataclass
class Draft:
    """One step of the draft, with its patterns by source and, once counted, the events of each."""

    meaning: Meaning
    kind: str
    codes: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def department(self) -> str:
        """The lane: that of the stage where an order's life has one, else of the kind of source."""
        return DEPARTMENTS[self.meaning.stage if self.kind == "order" and self.meaning.stage in DEPARTMENTS
                           else self.kind][0]  # fmt: skip


def draft_steps(
    codes: Mapping[str, Mapping[str, int]], kinds: Mapping[str, str], people: Mapping[str, Mapping[str, set[int]]]
) -> list[Draft]:
    """Steps for the codes of each source (code -> number of events). `kinds` = what each source tells of, `people` =
    some of those who met a code: a step is named after a code's own words only when MIN_PEOPLE did, for its name is
    told in reports, and words of an address may be a name."""
    found: dict[str, Draft] = {}
    for source, counted in codes.items():
        kind = kinds[source]
        own = 0
        for pattern in patterns(counted):
            meaning = error_meaning(kind, pattern) or meaning_of(kind, pattern)
            if meaning is None:
                is_rare = own >= MAX_OWN_STEPS or _n_people(pattern, people[source]) < MIN_PEOPLE
                own += not is_rare
                meaning = own_meaning(kind, source, pattern, is_rare=is_rare)
            draft = found.setdefault(meaning.step, Draft(meaning, kind))
            wanted = (
                [f"*{pattern[-7:]}"] if meaning.step in ("page_missing", "page_error") else _closed(meaning, pattern)
            )
            known = draft.codes.setdefault(source, [])
            known += [one for one in wanted if one not in known]
    steps = sorted(found.values(), key=_order)
    for draft in steps:
        for listed in draft.codes.values():
            listed.sort(key=lambda pattern: (pattern.count("*") > 0, -len(pattern)))
    _count(steps, codes)
    return [_without_idle(draft) for draft in steps if draft.counts]


def _n_people(pattern: str, people: Mapping[str, set[int]]) -> int:
    """How many met codes of a pattern; at least MIN_PEOPLE is all that is asked."""
    regex, found = compile_pattern(pattern), set[int]()
    for code, some in people.items():
        if regex.fullmatch(code):
            found |= some
        if len(found) >= MIN_PEOPLE:
            break
    return len(found)


def _closed(meaning: Meaning, pattern: str) -> list[str]:
    """A step for all the rest of a source has one pattern a verb, however many codes it was made of."""
    if meaning.step.startswith("other_"):
        return [re.match(r"[^ ]*", pattern)[0].rstrip("*") + "*"]  # type: ignore[index]
    return [pattern]


def error_meaning(kind: str, pattern: str) -> Meaning | None:
    """The step for pages that fail; None for any other."""
    if kind == "web" and pattern.endswith(" -> 4xx"):
        return Meaning("", "page_missing", "Meets a page that is gone or refused", "research", "browse", "company",
                       {"repeats": "any"})  # fmt: skip
    if kind == "web" and pattern.endswith(" -> 5xx"):
        return Meaning("", "page_error", "Meets an error of the website", "research", "browse", "company",
                       {"repeats": "any"})  # fmt: skip
    return None


def own_meaning(kind: str, source: str, pattern: str, *, is_rare: bool) -> Meaning:
    """A step of its own for a pattern whose words say nothing; rare ones share one."""
    words = slug(re.sub(r"\{\w+\}|\*", " ", pattern.split(" ", 1)[-1] if kind == "web" else pattern))
    if is_rare or not words:
        is_page = kind == "web"
        return Meaning("", f"other_{source}", "Looks at another page" if is_page else f"Something else in {source}",
                       DEFAULT_STAGE[kind], "browse" if is_page else "work", "customer" if is_page else "company",
                       {"repeats": "any"} if is_page else {"visible": False})  # fmt: skip
    if kind == "web":
        words = f"page_{words}"
        return Meaning("", words[:50], f"Looks at {words[5:].replace('_', ' ')}"[:60], "research", "browse",
                       "customer", {"repeats": "any"})  # fmt: skip
    name = words if words[0].isalpha() else f"{source}_{words}"
    return Meaning("", name[:50], name.replace("_", " ").capitalize()[:60], DEFAULT_STAGE[kind])


def _order(draft: Draft) -> tuple[int, int, str]:
    """Errors first, steps for all the rest last; between them what has the longest patterns."""
    name = draft.meaning.step
    place = 0 if name in ("page_missing", "page_error") else 2 if name.startswith("other_") else 1
    longest = max(len(pattern) for listed in draft.codes.values() for pattern in listed)
    return place, -longest, name


def _count(steps: list[Draft], codes: Mapping[str, Mapping[str, int]]) -> None:
    for source, counted in codes.items():
        compiled = [(draft, one, compile_pattern(one)) for draft in steps for one in draft.codes.get(source, [])]
        for code, n in counted.items():
            taker = next(((draft, one) for draft, one, regex in compiled if regex.fullmatch(code)), None)
            if taker:
                taker[0].counts[(source, taker[1])] += n


def _without_idle(draft: Draft) -> Draft:
    codes = {s: [one for one in listed if draft.counts[(s, one)]] for s, listed in draft.codes.items()}
    draft.codes = {source: listed for source, listed in codes.items() if listed}
    return draft


def steps_toml(steps: list[Draft], n_events: int) -> Iterator[str]:
    """The lines of steps.toml."""
    yield "# DRAFT of the step dictionary, made from the codes of the first files. The steps, stages, channels and"
    yield "# departments are guesses from words: read each aloud as a customer would say it, and mend it. The first"
    yield f"# pattern that fits wins, in the order of this file; the counts are of {n_events} events."
    departments = dict.fromkeys(draft.department for draft in steps)
    notes = dict(DEPARTMENTS.values())
    for name in departments:
        yield from ("", "[[department]]", f"name = {toml_value(name)}", f"note = {toml_value(notes[name])}")
    for draft in steps:
        yield from ("", f"# {sum(draft.counts.values())} events", "[[step]]")
        for key, value in _keys(draft).items():
            yield f"{key} = {toml_value(value)}"
        for source, listed in draft.codes.items():
            yield f"codes.{toml_key(source)} = ["
            yield from (f"  {toml_value(one)},  # {draft.counts[(source, one)]}" for one in listed)
            yield "]"


def _keys(draft: Draft) -> dict[str, Any]:
    meaning = draft.meaning
    return {
        "step": meaning.step,
        "label": meaning.label,
        "stage": meaning.stage,
        "channel": CHANNELS[draft.kind],
        "department": draft.department,
        "class": meaning.kind,
        "actor": meaning.actor,
        **meaning.also,
    }
