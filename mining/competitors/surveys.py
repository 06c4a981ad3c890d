"""survey.csv and kpi.csv: results of surveys, and figures that companies publish (method 10.1)."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from mining.competitors.companies import US, Companies
from mining.competitors.tables import NAME_LENGTH, Row, Table, read

SURVEY_COLUMNS = (
    "company", "wave", "metric", "scale", "n", "mean", "sd", "n_top", "population", "mode", "fielded_from",
    "fielded_to", "question_text",
)  # fmt: skip
KPI_COLUMNS = ("company", "kpi", "value", "unit", "period", "definition_text", "source", "n")
METRICS = dict.fromkeys(("effort", "satisfaction", "would_recommend"))
PERCENT = frozenset({"%", "percent", "per cent", "pct"})
_SCALE = re.compile(r"(-?[0-9]{1,3}) ?(?:-|\.\.|to) ?(-?[0-9]{1,3})")
_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_REVIEWS = ("review", "rating")


@dataclass(frozen=True)
class Answers:
    """One result of a survey: mean and sd, or n_top answers at the top of the scale, of n."""

    company: str
    wave: str
    metric: str
    scale: str
    n: int
    mean: float | None
    sd: float | None
    n_top: int | None
    population: str
    mode: str
    fielded_from: dt.date
    fielded_to: dt.date
    question: str

    @property
    def is_ours(self) -> bool:
        """Whether it is about ourselves."""
        return self.company == US

    @property
    def wording(self) -> tuple[str, str, str, str, str]:
        """What must be the same on both sides for two results to be compared (rule 1, identical wording only)."""
        return self.metric, self.scale, self.mode.casefold(), self.population.casefold(), self.question.casefold()

    @property
    def is_of_reviews(self) -> bool:
        """Whether those who answered chose themselves: who writes a review is no sample of anybody."""
        return any(word in self.mode.casefold() for word in _REVIEWS)


@dataclass(frozen=True)
class Figure:
    """A published figure. n None and definition '' = not told, and then never compared."""

    company: str
    kpi: str
    value: float
    unit: str
    period: str
    definition: str
    source: str
    n: int | None

    @property
    def is_ours(self) -> bool:
        """Whether it is ours."""
        return self.company == US

    @property
    def year(self) -> int | None:
        """The last year that its period names; None where it names none."""
        years = [int(year) for year in _YEAR.findall(self.period)]
        return max(years, default=None)

    @property
    def is_comparable(self) -> bool:
        """Whether it says enough of itself for a gap: how many, of what, when, as a share."""
        told = self.n is not None and bool(self.definition) and self.year is not None
        return told and self.unit.casefold() in PERCENT

    @property
    def meaning(self) -> tuple[str, str, str]:
        """What must be the same on both sides."""
        return self.kpi.casefold(), self.period.casefold(), self.definition.casefold()


def read_survey(table: Table, text: str | None, companies: Companies) -> list[Answers]:
    """The rows that can be used."""
    found: dict[tuple[str, ...], tuple[Answers, int]] = {}

    def use(row: Row) -> None:
        one = _answers(row, companies)
        key = (one.company, one.wave, *one.wording)
        if key in found:
            raise row.wrong("metric", f"expected each question once a company and wave; line {found[key][1]} has it")
        found[key] = one, row.line

    if text is not None:
        read(table, text, SURVEY_COLUMNS, frozenset(), use)
    return [one for one, _ in found.values()]


def _answers(row: Row, companies: Companies) -> Answers:
    scale = _SCALE.fullmatch(row.text("scale", NAME_LENGTH))
    low, high = (int(scale[1]), int(scale[2])) if scale else (0, 0)
    if low >= high:
        raise row.wrong("scale", "expected its ends, such as 1-7")
    n = row.count("n")
    mean = sd = n_top = None
    if row.is_given("n_top"):
        n_top = row.count("n_top", 0)
        if n_top > n:
            raise row.wrong("n_top", "expected no more than n")
    elif not row.is_given("mean"):
        raise row.wrong("mean", "expected mean and sd, or n_top")
    if row.is_given("mean"):
        mean = row.number("mean", low, high)
        if row.is_given("sd") or n_top is None:
            sd = row.number("sd", 0, (high - low) / 2 * (n / max(n - 1, 1)) ** 0.5 + 0.01)
    began, ended = _day(row, "fielded_from"), _day(row, "fielded_to")
    if ended < began:
        raise row.wrong("fielded_to", "expected it not before fielded_from")
    return Answers(
        companies.of(row), row.name("wave"), row.one_of("metric", METRICS), f"{low}-{high}", n, mean, sd, n_top,
        row.name("population"), row.name("mode"), began, ended, row.needed("question_text"),
    )  # fmt: skip


def _day(row: Row, column: str) -> dt.date:
    try:
        return dt.date.fromisoformat(row.text(column, NAME_LENGTH))
    except ValueError:
        raise row.wrong(column, "expected a day such as 2026-02-03") from None


def read_kpi(table: Table, text: str | None, companies: Companies) -> list[Figure]:
    """The rows that can be used. A figure without its source or period is a rumour, and refused."""
    found: list[Figure] = []
    lines: dict[tuple[str, ...], int] = {}

    def use(row: Row) -> None:
        unit = row.name("unit")
        is_share = unit.casefold() in PERCENT
        value = row.number("value", -1e15, 1e15)
        n = row.count("n") if row.is_given("n") else None
        if is_share and n is not None and not 0 <= value <= 100:
            raise row.wrong("value", "expected a share of n from 0 to 100")
        one = Figure(
            companies.of(row), row.name("kpi"), value, unit, row.name("period"), row.text("definition_text"),
            row.needed("source"), n,
        )  # fmt: skip
        key = (one.company, *one.meaning, "" if one.is_comparable else one.source.casefold())
        if key in lines:
            raise row.wrong("kpi", f"expected each figure once; line {lines[key]} has it")
        lines[key] = row.line
        found.append(one)

    if text is not None:
        read(table, text, KPI_COLUMNS, frozenset(), use)
    return found
