"""A step for a pattern that no step names, ready to be pasted into process/steps.toml: a guess from the pattern's
words, as a draft makes it, in the channels and departments that the site has already."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ingest.sniffing.columns import slug
from ingest.sniffing.dictionary import error_meaning, own_meaning
from ingest.sniffing.toml_text import toml_key, toml_value
from ingest.sniffing.vocabulary import CHANNELS, DEPARTMENTS, PURPOSES, kind_by_shares, meaning_of

MAX_NAME = 50


@dataclass(frozen=True)
class Surroundings:
    """What the site declares so far. `channel` and `department`: those of most events of the source, None when it has
    none; `departments`: all that are declared."""

    kind: str
    source: str
    channel: str | None
    department: str | None
    departments: Collection[str]

    @classmethod
    def of(
        cls, shares: Iterable[float], source: str, channel: str | None, lane: str | None, lanes: Collection[str]
    ) -> Surroundings:
        """Of a source whose codes are addresses, calls and orders in these shares of its events."""
        return cls(kind_by_shares(*shares), source, channel, lane, lanes)


@dataclass(frozen=True)
class Proposal:
    """The step as the file declares it; `like` names a declared step that may mean the same."""

    keys: Mapping[str, Any]
    source: str
    pattern: str
    like: str | None

    @property
    def step(self) -> str:
        """The name of the step."""
        return str(self.keys["step"])

    def toml(self, notes: Collection[str] = ()) -> str:
        """The lines to paste at the end of steps.toml. Each of `notes` stands above them as a comment."""
        lines = ["# " + re.sub(r"[\x00-\x1f\x7f]", " ", note) for note in notes]
        lines += ["[[step]]", *(f"{key} = {toml_value(value)}" for key, value in self.keys.items())]
        return "\n".join([*lines, f"codes.{toml_key(self.source)} = [{toml_value(self.pattern)}]"]) + "\n"


def propose(pattern: str, around: Surroundings, taken: Collection[str]) -> Proposal:
    """The guess for one pattern. `taken` = names of steps that are declared or proposed already."""
    kind = around.kind
    own = own_meaning(kind, around.source, pattern, is_rare=not _words(kind, pattern))
    known = error_meaning(kind, pattern) or meaning_of(kind, pattern)
    is_new = known is None or known.step in taken
    named, meant = (own if is_new else known), known or own
    assert named is not None
    channel = around.channel or CHANNELS[kind]
    keys: dict[str, Any] = {
        "step": _free(named.step, taken),
        "label": named.label,
        "stage": meant.stage,
        "channel": channel,
        "department": _department(kind, meant.stage, around),
        "class": meant.kind,
        "actor": meant.actor,
        **meant.also,
    }
    if channel == "web" and keys.get("visible", True) and meant.step in PURPOSES:
        keys["purpose"] = PURPOSES[meant.step]
    keys = {key: value for key, value in keys.items() if value is not None}
    like = next((one.step for one in (known, named) if one is not None and one.step in taken), None)
    return Proposal(keys, around.source, pattern, like)


def _words(kind: str, pattern: str) -> str:
    text = pattern.split(" ", 1)[-1] if kind == "web" else pattern
    return slug(re.sub(r"\{\w+\}|\*| -> \dxx$", " ", text))


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it where it is taken."""
    name = re.sub(r"[^a-z0-9_]", "_", name.lower())
    name = name if name[:1].isalpha() else f"step_{name}"
    return next(
        one for one in (name[:MAX_NAME], *(f"{name[: MAX_NAME - 6]}_{n}" for n in range(2, 10_000))) if one not in taken
    )


def _department(kind: str, stage: str, around: Surroundings) -> str | None:
    usual = DEPARTMENTS[stage if kind == "order" and stage in DEPARTMENTS else kind][0]
    return usual if usual in around.departments else around.department
