"""What a run is told and what it leaves: needs with all that chance decides, who serves when, contacts, the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.errors import FrontstageError

FIRST, RETRY, REPEAT = 0, 1, 2
"""Why a contact is made: the need itself, after giving up, after an answer that did not settle it."""


class Unstable(FrontstageError):
    """More work arrives at a station than its agents can do: no mean exists that could be told."""


@dataclass(frozen=True)
class Needs:
    """The original needs of one replication by time, with all that chance decides, by contact number and need.

    Lists of lists are [contact number][need]; seconds unless the name says otherwise. `retry_s`: the delay after giving
    up, where `retry_u` is below `retry_share` of the tries in vain so far. `repeat_s`: the delay of a further contact,
    made where `repeat_u` is below the need's `repeat_share`, or `again_share` once it was answered before. `hand_on`:
    the station that the first one passes the contact on to, -1 = none; `second_s`: the talk there. `service_s` is then
    the talk before it is passed on.
    """

    at_s: Sequence[float]
    customer: Sequence[int]
    station: Sequence[int]
    retry_share: Sequence[float]
    repeat_share: Sequence[float]
    again_share: Sequence[float]
    first_line_share: Sequence[float]
    patience_s: Sequence[Sequence[float]]
    service_s: Sequence[Sequence[float]]
    after_s: Sequence[Sequence[float]]
    pickup_s: Sequence[Sequence[float]]
    retry_u: Sequence[Sequence[float]]
    retry_s: Sequence[Sequence[float]]
    repeat_u: Sequence[Sequence[float]]
    repeat_s: Sequence[Sequence[float]]
    hand_on: Sequence[Sequence[int]]
    second_s: Sequence[Sequence[float]]
    other_u: Sequence[Sequence[float]]
    jitter_s: Sequence[Sequence[float]]

    @property
    def most_contacts(self) -> int:
        """So many contacts a need can take."""
        return len(self.patience_s)


@dataclass(frozen=True)
class Calendar:
    """How many are there: `n[i]` from `at_s[i]` on, the first at 0, in seconds of the run."""

    at_s: Sequence[float]
    n: Sequence[int]


@dataclass(frozen=True)
class Callback:
    """Callers who have waited `after_s` may hang up and keep their place."""

    after_s: float
    accept_share: float
    reach_share: float


@dataclass(frozen=True)
class Merged:
    """The desk of `station` ends `share` of the calls that it passes on today; what the second desk did takes
    `talk_factor` times as long there."""

    station: int
    share: float
    talk_factor: float


@dataclass(frozen=True)
class Dedicated:
    """Account executives. `own[customer]` = the number of the customer's executive, -1 = not in the segment.

    `overflow_s` None: a call waits for its own executive only. `then_pool`: a call that overflows may be taken by
    the station, too. `first_line`: calls that the executive can't end go on, warm, to the specialist.
    """

    n: int
    own: Sequence[int]
    calendar: Calendar
    overflow_s: float | None = None
    then_pool: bool = True
    first_line: bool = False
    transfer_s: float = 60.0
    proactive_every_s: float = 0.0
    proactive_s: float = 0.0
    absent_u: Sequence[Sequence[float]] = ()
    absent_share: float = 0.0


@dataclass(frozen=True)
class Regime:
    """Who serves: a calendar for each station, and what a scenario adds. `hours`: when customers call again, which is
    when somebody is there today; empty: the stations' own."""

    stations: Sequence[Calendar]
    hours: Sequence[Calendar] = ()
    ring_s: float = 0.0
    menu_s: float = 0.0
    team: Dedicated | None = None
    callback: Callback | None = None
    repeat_factor: float = 1.0
    team_service_factor: float = 1.0
    misrouted_share: float = 0.0
    misrouted_s: float = 60.0
    merged: Merged | None = None


@dataclass(slots=True)
class Contact:
    """One contact under way. `deadline_s`: when patience ends; `tries`: in vain, directly before;
    `is_again`: was answered before; `off_line_s`: since when the
    customer waits to be called back, -1 = on the line; `is_astray`: at a desk that is not the one it needs."""

    need: int
    number: int
    why: int
    at_s: float
    deadline_s: float
    station: int
    tries: int = 0
    is_again: bool = False
    leg: int = 0
    is_astray: bool = False
    is_waiting: bool = False
    has_timer: bool = False
    off_line_s: float = -1.0


@dataclass
class Log:
    """What happened: one row per leg of a contact, and what agents did beside."""

    rows: list[tuple[int, int, int, int, float, float, bool, float, float, int, bool, bool]] = field(
        default_factory=list
    )
    """(need, contact number, why, leg, at_s, engaged wait_s, served, talk_s, agent_s, station, by an executive, called
    back)."""
    n_proactive: int = 0
    n_proactive_due: int = 0
    proactive_at_s: list[float] = field(default_factory=list)
