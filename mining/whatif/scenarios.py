"""`process/scenarios/*.toml`: what is to be changed, and what no log of today can tell, with its range and its source.

A scenario changes one thing. Each assumption of that change must be stated with low, mid and high and where it comes
from ("none" is an answer, and has consequences: mining/whatif/verdict.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ingest.errors import ConfigError
from ingest.settings import Strict, read_toml, validate

FOLDER = "scenarios"
NO_SOURCE = "none"
Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0, le=5)]


class Range(Strict):
    """What is assumed: low, mid, high, and who says so."""

    low: float = Field(ge=0)
    mid: float = Field(ge=0)
    high: float = Field(ge=0)
    source: str = Field(min_length=1, max_length=120, description='a pilot, an expert, "none"')

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low <= self.mid <= self.high:
            raise ValueError(f"got low {self.low:g}, mid {self.mid:g}, high {self.high:g}; expected them in this order")
        return self

    @property
    def has_source(self) -> bool:
        """Whether anybody stands for it."""
        return self.source.strip().lower() != NO_SOURCE


class Assume(Strict):
    """Every assumption that a scenario may need. A factor of 1 and a share of 0 change nothing."""

    inbound_factor: Range | None = Field(None, description="needs of the segment, times today's")
    repeat_factor: Range | None = Field(None, description="further contacts after an answer, times today's")
    service_factor: Range | None = Field(None, description="length of an executive's calls, times today's")
    order_uplift: Range | None = Field(None, description="more orders, as a share of today's")
    order_channel_shift: Range | None = Field(None, description="share of web orders that move to the executive")
    callback_accept: Range | None = Field(None, description="share of those offered who take the call-back")
    callback_reach: Range | None = Field(None, description="share of call-backs that reach the customer")
    page_calls_factor: Range | None = Field(None, description="what is left of the needs that follow the page")
    menu_seconds: Range | None = Field(None, description="seconds of the phone menu that fall away in each call")
    misrouted_share: Range | None = Field(None, description="calls that then reach the wrong desk first")
    merged_share: Range | None = Field(None, description="of the calls passed on today, those that the one desk ends")
    merged_talk_factor: Range | None = Field(None, description="the second desk's talk, times today's, at the one desk")


NEUTRAL = dict.fromkeys(
    ("order_uplift", "order_channel_shift", "callback_accept", "menu_seconds", "misrouted_share"), 0.0
)
"""What an assumption is where the change has no effect on behaviour; 1 for those that are not named."""
SHARES = (
    "order_uplift", "order_channel_shift", "callback_accept", "callback_reach", "page_calls_factor", "misrouted_share",
    "merged_share",
)  # fmt: skip
OF_A_LINE = ("assign", "callback", "menu")
"""Kinds of change that name no queue of their own, and may be for the callers of one."""


class Assign(Strict):
    """Whose customers are given to account executives, and how many of these there are."""

    segment: Literal["all", "busiest"] = Field(description='"busiest": the customers with most calls, as many as fit')
    agents: int = Field(ge=1, le=2_000)
    book_size: int = Field(ge=1, le=100_000, description="customers of one executive")
    sticky: Literal[True] = True
    taken_from: Literal["pool", "hired"] = Field("pool", description="today's agents, or in addition to them")
    absent_share: Share = 0.0


class Overflow(Strict):
    """What happens to a call that waits for its own executive."""

    after_s: float = Field(ge=0, le=3_600)
    to: Literal["any_ae"] = "any_ae"
    then: Literal["pool", "wait"] = "pool"


class Routing(Strict):
    """Where a customer's call goes first."""

    call: Literal["own_ae"] = "own_ae"
    overflow: Overflow | None = None


class Proactive(Strict):
    """Contacts that executives begin, in idle time only."""

    every_days: float = Field(gt=0, le=365)
    minutes: float = Field(gt=0, le=240)
    by: Literal["own_ae"] = "own_ae"


class Like(Strict):
    """As long as the calls of another queue."""

    like: str


class TakeOrder(Strict):
    """Executives take orders by phone."""

    minutes: Like


class Tasks(Strict):
    """What executives do besides answering."""

    proactive_contact: Proactive | None = None
    take_order: TakeOrder | None = None
    first_line_help: bool = False


class Callback(Strict):
    """Who has waited so long is offered to be called back, and keeps their place."""

    after_s: float = Field(ge=0, le=3_600)


class Page(Strict):
    """A page or a product's page that is mended. `calls`: the queue whose needs follow it."""

    step: str | None = None
    product: str | None = None
    calls: str

    @model_validator(mode="after")
    def _one(self) -> Page:
        if (self.step is None) == (self.product is None):
            raise ValueError("expected either step or product")
        return self


class Menu(Strict):
    """One level of the phone menu is taken out."""

    levels: Literal[1] = 1


class Merge(Strict):
    """Two desks that become one for the caller. `calls`: the queue whose desk then ends what it passes on today."""

    calls: str


class Change(Strict):
    """What is different; one thing, with what belongs to it."""

    line: str | None = Field(
        None, description="queue whose callers it is for, with those that hand calls to it or get them; none: all"
    )
    assign: Assign | None = None
    routing: Routing | None = None
    tasks: Tasks | None = None
    agents: dict[str, int] | None = Field(None, description="queue -> so many more, or fewer, at any time it is open")
    callback: Callback | None = None
    page: Page | None = None
    menu: Menu | None = None
    merge: Merge | None = None


KINDS = ("assign", "agents", "callback", "page", "menu", "merge")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "assign": ("inbound_factor", "repeat_factor", "service_factor", "order_uplift"),
    "agents": (),
    "callback": ("callback_accept", "callback_reach"),
    "page": ("page_calls_factor",),
    "menu": ("menu_seconds", "misrouted_share"),
    "merge": ("merged_share", "merged_talk_factor"),
}
"""What must be assumed for each kind of change, since no log of today can contain it."""


class Scenario(Strict):
    """One file."""

    scenario: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    label: str = Field(min_length=1, max_length=80, description="in the readers' words")
    base: Literal["today"] = "today"
    replications: int = Field(30, ge=5, le=100)
    seed: int = Field(20260301, ge=0)
    smallest_useful_min: float = Field(0.1, gt=0, description="minutes a need; a smaller difference is none")
    change: Change
    assume: Assume = Assume()

    @property
    def kind(self) -> str:
        """Which of KINDS it changes."""
        return next(name for name in KINDS if getattr(self.change, name) is not None)

    @property
    def lines(self) -> tuple[str, ...]:
        """The queues that it changes by name; none where it changes all of them."""
        change = self.change
        one = change.page or change.merge
        named = change.line if one is None else one.calls
        return tuple(change.agents or ()) + ((named,) if named is not None else ())

    @property
    def order_line(self) -> str | None:
        """The queue whose calls tell how long it takes an executive to write an order."""
        tasks = self.change.tasks
        return tasks.take_order.minutes.like if tasks is not None and tasks.take_order is not None else None

    @property
    def assumptions(self) -> dict[str, Range]:
        """The assumptions that are stated, in the order of the model."""
        found = {name: getattr(self.assume, name) for name in Assume.model_fields}
        return {name: one for name, one in found.items() if one is not None}

    @model_validator(mode="after")
    def _one_change(self) -> Scenario:
        told = [name for name in KINDS if getattr(self.change, name) is not None]
        if len(told) != 1:
            raise ValueError(f"change: got {', '.join(told) or 'nothing'}, expected one of: {', '.join(KINDS)}")
        if self.change.line is not None and self.kind not in OF_A_LINE:
            raise ValueError(f"change.line: {self.kind} names its queues itself; line is for {', '.join(OF_A_LINE)}")
        if told != ["assign"] and (self.change.routing or self.change.tasks):
            raise ValueError("change: routing and tasks belong to assign, which is not there")
        return self

    @model_validator(mode="after")
    def _assumptions(self) -> Scenario:
        needed = list(NEEDED[self.kind])
        if self.change.tasks and self.change.tasks.take_order:
            needed.append("order_channel_shift")
        told = self.assumptions
        if missing := [name for name in needed if name not in told]:
            raise ValueError(
                f"assume.{missing[0]}: missing; no log of today can contain it, expected low, mid, high and a source"
            )
        if unused := [name for name in told if name not in needed]:
            raise ValueError(
                f"assume.{unused[0]}: this change does not use it; expected: {', '.join(needed) or 'none'}"
            )
        for name, one in told.items():
            if name in SHARES and one.high > 1:
                raise ValueError(f"assume.{name}: got {one.high:g}, expected a share from 0 to 1")
        return self


@dataclass(frozen=True)
class Loaded:
    """A scenario and the file that it comes from."""

    path: Path
    scenario: Scenario

    @property
    def name(self) -> str:
        """Its name."""
        return self.scenario.scenario

    def canonical(self) -> dict[str, Any]:
        """Everything of it that decides its result."""
        return self.scenario.model_dump(mode="json", exclude={"label"})


def load(process: Path) -> list[Loaded]:
    """The scenarios of a site's `process` folder, by file name. Raises ConfigError for what is wrong."""
    found = [Loaded(path, read(path)) for path in files(process)]
    seen: dict[str, Path] = {}
    for one in found:
        if one.name in seen:
            raise ConfigError(f"{one.path}: scenario: {one.name!r} is also the name of {seen[one.name].name}")
        seen[one.name] = one.path
    return found


def read(path: Path) -> Scenario:
    """One file. Raises ConfigError with every offending key."""
    return validate(Scenario, read_toml(path), path)


def files(process: Path) -> list[Path]:
    """The files of the folder, by name."""
    return sorted((process / FOLDER).glob("*.toml"))
