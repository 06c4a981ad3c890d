"""What every analysis is handed besides the store: window, step dictionary, costs, intended process, provenance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ingest.errors import StateError
from ingest.store import Store
from mining.business_time import USUAL, BusinessCalendar
from mining.method import Method

if TYPE_CHECKING:
    from mining.changes.declared import Change
    from mining.competitors.research import Research
    from mining.intended import Intended
    from mining.products import Products
    from mining.whatif.scenarios import Loaded


@dataclass(frozen=True)
class Touch:
    """One step of the touch contract, as far as mining needs it. `repeats` None = any number is legitimate."""

    step: str
    label: str
    step_class: str
    channel: str
    department: str | None
    repeats: int | None
    actor: str = "customer"
    asks: tuple[str, ...] = ()
    mandatory: bool = False
    reactive: bool = False
    bad: bool = False
    typical_minutes: float | None = None
    stage: str = ""

    @property
    def is_free(self) -> bool:
        """Whether repeating the step is never a loop: browsing, and what the business declares free."""
        return self.step_class == "browse" or self.repeats is None


@dataclass(frozen=True)
class Context:
    """The night's frame. The window is closed: [window_from, window_to), UTC days.

    ask_min: minutes of giving an item once, where the site states them. order_value: the attribute of events that holds
    an order's value. timezone: the site's clock, for what happens on one day.
    """

    method: Method
    window_from: dt.date
    window_to: dt.date
    touch: dict[str, Touch]
    agent_hour: float | None
    currency: str
    intended: Intended | None
    config_hash: str
    input_hash: str
    ask_min: Mapping[str, float] = field(default_factory=dict)
    order_value: str | None = None
    timezone: str = "UTC"
    calendar: BusinessCalendar = USUAL
    confirmed: frozenset[str] | None = None
    """The findings that past decisions confirmed; None on a decision itself, which goes by its own tests."""
    known: frozenset[str] = frozenset()
    """Findings that were ever confirmed: told again even where others are more frequent."""
    wanted: frozenset[str] | None = None
    """Only these findings are asked for; None = all that there are."""
    products: Products | None = None
    """The site's table of products, if it has one."""
    competitors: Research | None = None
    """The site's research on competitors, if it has some."""
    scenarios: tuple[Loaded, ...] = ()
    """What is asked of the forecast: process/scenarios."""
    changes: tuple[Change, ...] = ()
    """What the site declares to have changed, in order of days (process/changes.toml)."""

    def status(self, finding_id: str, tested: str, robustness: Mapping[str, Any] | None = None) -> str:
        """The status to publish: a night refreshes numbers, only a decision confirms or withdraws (method 0.6).

        A decision confirms nothing that turns round when a choice of method changes (`robustness`, method 2.2).
        """
        if tested == "confirmed" and robustness is not None and robustness["sign_stable"] is False:
            tested = "candidate"
        if self.confirmed is None:
            return tested
        if finding_id in self.confirmed:
            return "confirmed"
        return "candidate" if tested == "confirmed" else tested

    @property
    def is_night(self) -> bool:
        """Whether this is the night's own look: no decision, and no finding looked for again in other journeys."""
        return self.confirmed is not None and self.wanted is None

    @property
    def weeks(self) -> float:
        """Length of the window in weeks, at least a day."""
        return max(1, (self.window_to - self.window_from).days) / 7

    @property
    def window(self) -> dict[str, Any]:
        """The record's `window` part."""
        return {
            "from": self.window_from.isoformat(),
            "to": self.window_to.isoformat(),
            "weeks": round(self.weeks, 2),
            "closed": True,
        }

    def since(self, day: dt.date | None) -> Context:
        """The same frame with a window that begins on `day` where that is later."""
        return self if day is None or day <= self.window_from else replace(self, window_from=min(day, self.window_to))

    def label(self, step: str) -> str:
        """The step in the customer's words, in straight double quotes."""
        known = self.touch.get(step)
        return quoted(known.label if known else step)


def quoted(name: str) -> str:
    """A name of the site in straight double quotes. Its own quotes become single ones."""
    return '"' + name.replace('"', "'") + '"'


def read_touch(store: Store) -> dict[str, Touch]:
    """The step dictionary, by step."""
    rows = store.records(
        """select step, coalesce(label, step) as label, class::varchar as step_class, channel::varchar as channel,
            department::varchar as department, repeats, actor, asks, mandatory, reactive, bad, typical_minutes,
            stage::varchar as stage
        from touch order by step"""
    )
    return {row["step"]: Touch(**{**row, "asks": tuple(row["asks"])}) for row in rows}


def read_window(store: Store, night: dt.date) -> tuple[dt.date, dt.date]:
    """[first day of the data, night). Raises StateError when there is nothing to mine."""
    text = store.value("select value from run_fact where name = 'data_from'")
    first = (
        dt.date.fromisoformat(str(text)[:10])
        if text
        else store.value("select cast(min(started_at) as date) from journey")
    )
    if first is None:
        raise StateError("the warehouse holds no journey; expected the tables that ingest leaves; run ingest first")
    return first, max(night, first + dt.timedelta(days=1))


def read_input_hash(store: Store) -> str:
    """What the data are known by: ingest's own hash, or one over the files it read."""
    known = store.value("select value from run_fact where name = 'input_hash'")
    return str(known) if known else "unknown"
