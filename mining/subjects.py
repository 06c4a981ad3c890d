"""What contacts are about, and how often another contact follows them: the numbers behind `repeat_contact`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.store import Store
from mining.context import Context
from mining.excess import Sums, p_above
from mining.findings import identity
from mining.method import Method
from mining.repeats import DAY_S, Contacts, is_followed, key_of, per_day, sum_up
from mining.season import Season, choose_side

FAR_DAYS = 28
"""How far off a customer's usual behaviour is looked at."""
_SQL = Path(__file__).parent / "contacts.sql"
_NUMBERS = ("customer_id", "at_s", "customer_s", "company_s")
_FLAGS = ("is_discovery", "is_light", "is_strict", "is_call")
_FOLLOWED = "create or replace temporary table followed (about varchar, event_no uinteger, is_again boolean)"
Column = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Subject:
    """What contacts are about ('' = unknown), the sums by days and split, and which far window is in season."""

    about: str
    sums: Mapping[tuple[int, str], Sums]
    season: Season
    is_calls: bool
    n_contacts: int
    days: int
    kind: str = "repeat_contact"

    @property
    def place(self) -> str:
        """Its name in `chance`."""
        return self.about

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return {"intent": self.about or None, "days": self.days}

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)

    def of(self, split: str, days: int | None = None) -> Sums | None:
        """The sums of a split; None when it has no contact with full follow-up."""
        return self.sums.get((days or self.days, split))

    def excess(self, split: str, days: int | None = None) -> tuple[float, float] | None:
        """(excess, standard error) of a split; None where it can't be told."""
        sums = self.of(split, days)
        return sums.excess() if sums else None

    def p_value(self, split: str) -> float:
        """One-sided p of "no excess"; 1 where it can't be told."""
        told = self.excess(split)
        return p_above(*told) if told else 1.0

    @property
    def followed(self) -> int:
        """Contacts with full follow-up."""
        sums = self.of("all")
        return sums.contacts if sums else 0

    @property
    def all_days(self) -> list[int]:
        """The numbers of days that were looked at."""
        return sorted({days for days, _ in self.sums})


def read_subjects(store: Store, context: Context) -> list[Subject]:
    """All subjects of contacts, most contacts first. Leaves the temporary tables `contact` and `followed`."""
    for name, value in (
        ("window_from", f"timestamp '{context.window_from}'"),
        ("window_to", f"timestamp '{context.window_to}'"),
        ("discovery_parts", str(context.method.discovery_parts)),
    ):
        store.run(f"set variable {name} = {value}", name=name)
    store.run(_SQL.read_text(encoding="utf-8"), name="contacts")
    return subjects_of(store, context.method)


def subjects_of(store: Store, method: Method) -> list[Subject]:
    """The subjects of the temporary table `contact`."""
    store.run(_FOLLOWED)
    listed = ", ".join((*_NUMBERS, *_FLAGS, "event_no"))
    told = store.arrow(
        f"select {listed}, coalesce(intent, '') as about from contact order by customer_id, at_s, event_no"
    )
    column = {name: np.asarray(told[name].to_numpy()) for name in told.column_names}
    abouts = Counter(column["about"].tolist())
    return [_subject(store, method, column, about) for about in sorted(abouts, key=lambda a: (-abouts[a], a))]


def _subject(store: Store, method: Method, column: Column, about: str) -> Subject:
    """The sums of one subject. `column` holds all contacts, by customer and time."""
    of_subject = column["about"] == about
    pool = of_subject if about else np.ones(len(of_subject), dtype=bool)  # what is unknown is repeated by anything
    own = {name: values[pool] for name, values in column.items()}
    counted = of_subject[pool]
    contacts = Contacts(*(own[name].astype(np.int64) for name in _NUMBERS), counted)  # type: ignore[call-arg]
    days = method.repeat_days_told
    season = choose_side(per_day(contacts.at_s[counted]), days, FAR_DAYS, method.season_ratio_max)
    seen = int(column["at_s"].min()), int(column["at_s"].max())
    splits = {
        "all": np.ones(len(counted), dtype=bool),
        "discovery": own["is_discovery"],
        "confirm": ~own["is_discovery"],
        "light": own["is_light"],
        "strict": own["is_strict"],
    }
    sums = {
        (n, split): one
        for n in method.repeat_days
        for split, one in sum_up(contacts, n, FAR_DAYS, season.side, seen, splits).items()
    }
    again = is_followed(key_of(contacts.customer, contacts.at_s, days * DAY_S), days)
    _remember(store, about, own["event_no"][counted], again[counted])
    return Subject(about, sums, season, bool(own["is_call"][counted].all()), int(counted.sum()), days)


def _remember(store: Store, about: str, event_no: npt.NDArray[Any], again: npt.NDArray[np.bool_]) -> None:
    """Which contacts another one follows, for evidence."""
    store.put("incoming_followed", pa.table({"event_no": event_no, "again": again}))
    store.run("insert into followed select $about, event_no, again from incoming_followed", {"about": about})
    store.drop("incoming_followed")
