"""The research files of SITE/process/competitors, read and validated row by row (method 10.1).

    shops.csv       mystery shops, one row per step; our own shops by the same script under the company `us`
    survey.csv      results of surveys, one row per company, wave and metric
    kpi.csv         published figures
    steps_map.csv   which step of a company is which step of our dictionary
    scenarios.toml  by which of our steps the log knows a scenario (mining/competitors/scenarios.py)

A shop one of whose rows is refused is left out whole: without the row it would look shorter than it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ingest.errors import ConfigError
from mining.competitors import shops, surveys, tables
from mining.competitors.companies import Companies
from mining.competitors.scenarios import Scenario, load_scenarios
from mining.competitors.shops import Shop
from mining.competitors.steps_map import StepsMap, read_steps_map
from mining.competitors.surveys import Answers, Figure
from mining.competitors.tables import Refused, Table

if TYPE_CHECKING:
    from ingest.site import Site

FOLDER = "competitors"
FILES = ("shops.csv", "survey.csv", "kpi.csv", "steps_map.csv")


@dataclass(frozen=True)
class Research:
    """What the files tell, as far as it can be used, and what was refused of each."""

    shops: tuple[Shop, ...] = ()
    answers: tuple[Answers, ...] = ()
    figures: tuple[Figure, ...] = ()
    steps: StepsMap = field(default_factory=StepsMap)
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    files: tuple[Table, ...] = ()
    n_shops_spoiled: int = 0
    """Shops left out since one of their rows was refused."""

    @property
    def refused(self) -> list[Refused]:
        """What is not used, in the order of files and lines."""
        return [one for table in self.files for one in table.refused]

    def before(self, day: dt.date) -> Research:
        """What was known when `day` began: a night that is made again must not see later research."""
        return replace(
            self,
            shops=tuple(one for one in self.shops if one.last_day < day),
            answers=tuple(one for one in self.answers if one.fielded_to < day),
            figures=tuple(one for one in self.figures if (one.year or day.year) <= day.year),
        )


def of_site(site: Site, steps: Mapping[str, str]) -> Research | None:
    """The site's research; None where it has none. `steps` = step of the dictionary -> stage."""
    folder = site.process / FOLDER
    if not any((folder / name).exists() or (folder / name).is_symlink() for name in FILES):
        return None
    texts = {name: _text(site, name) for name in FILES}
    files = {name: Table(name) for name in FILES}
    for name, found in texts.items():
        if isinstance(found, Refused):
            files[name].refused.append(found)
    given = {name: found if isinstance(found, str) else None for name, found in texts.items()}
    companies = Companies((site.name,))
    zone = ZoneInfo(site.settings.site.timezone)
    mapped = read_steps_map(files["steps_map.csv"], given["steps_map.csv"], companies, steps)
    shop_list, n_spoiled = shops.read_shops(files["shops.csv"], given["shops.csv"], companies, zone)
    answers = surveys.read_survey(files["survey.csv"], given["survey.csv"], companies)
    figures = surveys.read_kpi(files["kpi.csv"], given["kpi.csv"], companies)
    scenarios, wrong = _scenarios(site, {one.scenario for one in shop_list}, steps)
    told = [files[name] for name in FILES if texts[name] is not None]
    return Research(tuple(shop_list), tuple(answers), tuple(figures), mapped, scenarios, (*told, *wrong), n_spoiled)


def _text(site: Site, name: str) -> str | Refused | None:
    """A file's text; None where there is none."""
    file = f"process/{FOLDER}/{name}"
    path = site.root / file
    if not path.exists() and not path.is_symlink():
        return None
    try:
        return site.table_text("competitors", file, "utf-8", tables.MAX_BYTES)
    except ConfigError as error:
        return tables.problem_of(error, name, str(path))


def _scenarios(site: Site, used: set[str], steps: Mapping[str, str]) -> tuple[dict[str, Scenario], list[Table]]:
    path = site.process / FOLDER / "scenarios.toml"
    table = Table("scenarios.toml")
    try:
        return load_scenarios(path, used, steps), [table] if path.exists() else []
    except ConfigError as error:
        problems = error.problems or (None,)
        for one in problems:
            what = f"{one.key}: {one.what}" if one else str(error).removeprefix(f"{path}: ")
            table.refused.append(Refused(table.file, 0, "", "", what))
        return load_scenarios(None, used, steps), [table]


def complaints(found: Research) -> list[tuple[str, str, str]]:
    """(file, place in it, what is wrong) of all that is not used, and of scenarios that the log can't know."""
    told = [
        (one.file, ", ".join(filter(None, (f"line {one.line}" if one.line else "", one.field))), str(one))
        for one in found.refused
    ]
    unknown = [
        (
            "scenarios.toml",
            f"scenario {tables.visible(one.scenario)!r}",
            "no step of ours tells it, expected an entry with its steps; until then strata of it are not weighted as "
            "customers come",
        )
        for one in found.scenarios.values()
        if not one.steps
    ]
    return told + unknown
