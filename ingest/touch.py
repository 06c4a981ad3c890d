"""The touch contract: the step dictionary of SITE/process/steps.toml, and the matching of codes to steps.

Every code of every source is declared there in the customer's words. What is not declared stays countable as
`undeclared:<code>`; what is declared `visible = false` is behind the line of visibility.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ingest.errors import ConfigError
from ingest.settings import Strict, read_toml, suggestion, validate

PLACEHOLDERS = ("product", "order", "call")
"""One segment or word that names something."""
UNNAMED = {"number": "[0-9]+", "part": "[^/ ]+"}
"""One segment or word that names nothing we keep: digits only, or anything."""
Item = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
"""What a step asks the customer for: `address`, `order_no`, `identity`; named by the site."""
Purpose = Literal["search", "search_empty", "help", "contact", "form_begun", "form_sent", "status"]
"""What a page is for, where a log can't tell: only what is declared is looked at for failings of the website."""
_FORMS = ("form_begun", "form_sent")
_NEEDS: dict[str, str] = {"search_empty": "search", "form_begun": "form_sent", "form_sent": "form_begun"}
"""What a purpose is held against: without it nothing could be compared."""
_TOKEN = re.compile(r"\*|\{(\w+)\}")
_CATCH_ALL = re.compile(
    r"((get|post|put|patch|delete|head|options|page|page_?view|screen_?view)? ?/?\*+[ /*]*)", re.IGNORECASE
)


class Department(Strict):
    """One lane below the line of visibility; the order in the file is the order on the map."""

    name: str = Field(min_length=1)
    note: str = ""


class Step(Strict):
    """One step of the customer process, and the codes of each source that mean it."""

    step: str = Field(pattern="^[a-z][a-z0-9_]*$")
    label: str = Field(min_length=1, max_length=60)
    stage: Literal["research", "review", "order", "change", "receive", "return", "help"]
    channel: str = Field(pattern="^[a-z][a-z0-9_]*$")
    department: str | None = None
    kind: Literal["browse", "work", "contact", "info_request", "handoff", "outcome"] = Field("work", alias="class")
    actor: Literal["customer", "company"] = "customer"
    visible: bool = True
    repeats: Annotated[int, Field(ge=0)] | Literal["any"] = Field(0, description="legitimate repeats beyond the first")
    asks: list[Item] = Field([], description="items that the customer has to give in this step")
    changes: list[Item] = Field([], description="items that this step alters: asking them again after it is no repeat")
    mandatory: bool = Field(False, description="law or security asks for it: never proposed to drop or merge")
    reactive: bool = Field(False, description="an answer to trouble: who meets it is worse off beforehand")
    bad: bool = Field(False, description="an outcome nobody wants: cancelled, given up, complained, sent back")
    at: Literal["start", "end"] = Field("start", description="where in its record's span the customer takes the step")
    typical_minutes: float | None = Field(None, ge=0, le=1440, description="of the customer, where no log tells")
    purpose: Purpose | None = Field(None, description="what a page of the website is for")
    form: Item | None = Field(None, description="the form that a step with purpose form_begun or form_sent belongs to")
    codes: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _purpose_fits(self) -> Step:
        if self.purpose and (self.channel != "web" or not self.visible):
            raise ValueError(
                f"step {self.step!r}: purpose = {self.purpose!r} is said of a page, expected it on a visible step with "
                'channel = "web"'
            )
        if (self.purpose in _FORMS) != (self.form is not None):
            raise ValueError(
                f"step {self.step!r}: purpose = {self.purpose!r} and form = {self.form!r}, expected a form's name on "
                "steps with purpose form_begun or form_sent, and on no other"
            )
        return self

    @model_validator(mode="after")
    def _flags_fit(self) -> Step:
        if repeated := sorted({item for items in (self.asks, self.changes) for item in items if items.count(item) > 1}):
            raise ValueError(f"step {self.step!r}: {', '.join(repeated)} named twice in one list, expected once")
        if not self.visible and (hidden := [key for key in ("asks", "bad") if getattr(self, key)]):
            raise ValueError(
                f"step {self.step!r}: {' and '.join(hidden)} on a step with visible = false, which no customer meets; "
                "expected it on a visible step"
            )
        return self

    @field_validator("codes")
    @classmethod
    def _placeholders_known(cls, codes: dict[str, list[str]]) -> dict[str, list[str]]:
        for pattern in (pattern for patterns in codes.values() for pattern in patterns):
            for name in re.findall(r"\{(\w*)\}", pattern):
                if name not in (*PLACEHOLDERS, *UNNAMED):
                    raise ValueError(
                        f"pattern {pattern!r}: unknown placeholder {name!r}, expected one of "
                        f"{(*PLACEHOLDERS, *UNNAMED)}"
                    )
        return codes


class StepDictionary(Strict):
    """The whole of steps.toml."""

    department: list[Department] = []
    step: list[Step] = Field(min_length=1)

    @field_validator("step")
    @classmethod
    def _steps_differ(cls, steps: list[Step]) -> list[Step]:
        seen: set[str] = set()
        for step in steps:
            if step.step in seen:
                raise ValueError(f"step {step.step!r} is declared twice, expected once")
            seen.add(step.step)
        return steps

    @model_validator(mode="after")
    def _departments_exist(self) -> StepDictionary:
        names = [department.name for department in self.department]
        for step in self.step:
            if step.department is not None and step.department not in names:
                raise ValueError(
                    f"step {step.step!r}: department {step.department!r} is not declared, expected one of {names}"
                )
        return self

    @model_validator(mode="after")
    def _purposes_can_be_held_against_something(self) -> StepDictionary:
        declared = {(step.purpose, step.form) for step in self.step}
        for step in self.step:
            needed = _NEEDS.get(step.purpose or "")
            if needed and (needed, step.form) not in declared:
                of_form = f" and form = {step.form!r}" if step.form else ""
                raise ValueError(
                    f"step {step.step!r}: purpose = {step.purpose!r} is held against steps with purpose = "
                    f"{needed!r}{of_form}, and there is none; expected at least one"
                )
        return self


@dataclass(frozen=True)
class Match:
    """What a code means: the step, by which pattern, and what the code's text names."""

    step: str | None
    pattern: str | None = None
    product: str | None = None
    order: str | None = None
    call: str | None = None


def load_steps(path: Path, sources: Collection[str] | None = None) -> StepDictionary:
    """Read steps.toml, whose codes may be those of `sources` only, when they are given. Raises ConfigError."""
    steps = validate(StepDictionary, read_toml(path), path)
    for step in steps.step:
        for name in step.codes:
            if sources is not None and name not in sources:
                raise ConfigError(
                    f"{path}: step {step.step!r} has codes of unknown source {name!r}; {suggestion(name, sources)}"
                )
    return steps


class Matcher:
    """Finds the step of a source's code: the first pattern, in file order, that fits the whole text. A catch-all takes
    only what no other pattern fits, wherever it stands."""

    def __init__(self, steps: StepDictionary) -> None:
        self._patterns: dict[str, list[tuple[str, str, re.Pattern[str]]]] = {}
        for step in steps.step:
            for source, patterns in step.codes.items():
                known = self._patterns.setdefault(source, [])
                known += [(step.step, pattern, compile_pattern(pattern)) for pattern in patterns]
        for known in self._patterns.values():
            known.sort(key=lambda one: is_catch_all(one[1]))

    def match(self, source: str, code: str) -> Match:
        """The step and the named parts of `code`; Match(None) when nobody declared it."""
        for step, pattern, compiled in self._patterns.get(source, []):
            found = compiled.fullmatch(code)
            if found:
                return Match(step, pattern, **{k: v for k, v in found.groupdict().items() if v})
        return Match(None)

    def match_all(self, codes: Iterable[tuple[str, str]]) -> list[Match]:
        """`match` for (source, code) pairs, in their order."""
        return [self.match(source, code) for source, code in codes]


def is_catch_all(pattern: str) -> bool:
    """Whether a pattern leaves open which address or code it is: `*`, `GET*`, `GET /*`, `page_view *`. What only such a
    pattern names has a step on the map, and yet nobody said what it is."""
    return _CATCH_ALL.fullmatch(pattern) is not None


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """`*` is anything; `{product}`, `{order}`, `{call}` and `{part}` are one segment or word, `{number}` is one of
    digits. Linear time: no nested repeats."""
    parts, end = [], 0
    used: set[str] = set()
    for token in _TOKEN.finditer(pattern):
        parts.append(re.escape(pattern[end : token.start()]))
        name = token.group(1)
        if name is None:
            parts.append(".*")
        elif name in PLACEHOLDERS and name not in used:
            parts.append(f"(?P<{name}>[^/ ]+)")
            used.add(name)
        else:
            parts.append(UNNAMED.get(name, UNNAMED["part"]))
        end = token.end()
    return re.compile("".join(parts) + re.escape(pattern[end:]), re.DOTALL)
