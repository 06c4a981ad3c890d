"""What an operator writes in SITE/site.toml, validated. An unknown key is an error with a suggestion."""

from __future__ import annotations

import codecs
import datetime as dt
import difflib
import tomllib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingest.errors import ConfigError, Problem
from ingest.phone import PhoneFormat

Model = TypeVar("Model", bound=BaseModel)
AUDITS = Path(__file__).parent / "audits"
MAX_SHOWN = 80


class Strict(BaseModel):
    """Base of all configuration: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def known_zone(name: str) -> str:
    """An IANA time zone name, or ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"got {name!r}, expected a time zone such as 'Europe/Berlin'") from error
    return name


def known_encoding(name: str) -> str:
    """The usual name of an encoding of texts, or ValueError."""
    try:
        "".encode(name)  # refuses codecs that are no text, such as hex
        return codecs.lookup(name).name
    except LookupError as error:
        raise ValueError(f"got {name!r}, expected an encoding such as 'utf-8' or 'latin-1'") from error


class SiteSection(Strict):
    """The organisation: how it is called, where its clock runs, which money it counts."""

    name: str
    currency: str = "EUR"
    timezone: str = "UTC"
    language: Literal["en", "pt", "fil"] = Field("en", description="what reports and findings are written in")
    country: str = Field("US", pattern="^[A-Z]{2}$", description="region of phone numbers without a country code")
    as_of: dt.date | None = None
    undeclared_share_limit: float = Field(0.005, ge=0, le=1)

    _zone = field_validator("timezone")(known_zone)


IdentifierKind = Literal["customer_no", "login", "email", "phone", "order_no", "call_no", "reference", "cookie"]


EPOCHS = ("epoch_s", "epoch_ms")
"""Time formats beside those of strptime: whole or decimal seconds, and whole milliseconds since 1970."""


class TableSection(Strict):
    """One table of a relational export: which files, which columns identify, which columns are moments."""

    files: str
    events: dict[str, str | list[str]] = Field({}, description="event name -> column(s) of its time, joined by a blank")
    ends: dict[str, str | list[str]] = Field({}, description="event name -> column(s) of its end")
    promises: dict[str, str | list[str]] = Field(
        {}, description="event name -> column(s) of the time it was promised for: 'table.event overdue' when it passes"
    )
    time_formats: list[str] = Field(
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d"],
        description="as of strptime; %z for times that carry an offset; epoch_s, epoch_ms for numbers since 1970",
    )
    identifiers: dict[IdentifierKind, str] = Field(
        {}, description="kind -> column; `reference` is any other key of a customer"
    )
    digits: list[IdentifierKind] = Field(
        [], description="kinds of which only the number counts: C00004587 = 4587.0 = 4587"
    )
    product: str | None = None
    code: str | None = Field(None, description="column whose value is added to each event's code")
    intent: str | None = None
    wait_s: str | None = None
    attributes: list[str] = []

    @field_validator("time_formats")
    @classmethod
    def _formats(cls, formats: list[str]) -> list[str]:
        for form in formats:
            if "%" not in form and form not in EPOCHS:
                raise ValueError(f"got {form!r}, expected a format such as '%d.%m.%Y %H:%M', or {' or '.join(EPOCHS)}")
        return formats

    @model_validator(mode="after")
    def _promised(self) -> TableSection:
        for name in self.promises.keys() - self.events.keys():
            raise ValueError(f"promises.{name}: no such event of the table; {suggestion(name, self.events)}")
        return self


class SourceSection(Strict):
    """One stream of raw files: SITE/inbox/<name>/ read by one adapter."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    adapter: str
    files: str = "*"
    timezone: str | None = None
    earliest: dt.date = Field(dt.date(1995, 1, 1), ge=dt.date(1900, 1, 1), description="first day it can speak of")
    latest: dt.date = Field(dt.date(2099, 12, 31), le=dt.date(2199, 12, 31), description="last day it can speak of")
    clock_offset_s: float = Field(0, ge=-86400, le=86400, description="added to its times: -90 when 90 s ahead")
    clock_offset_from: dt.date | None = Field(None, description="first day that is corrected; None: all before")
    clock_offset_until: dt.date | None = Field(None, description="last day that is corrected; None: all after")
    encoding: str = "utf-8"
    country: str | None = Field(
        None, pattern="^[A-Z]{2}$", description="as the site's, for this source's phone numbers"
    )
    phone_format: PhoneFormat = "any"
    extra: list[str] = []
    log_format: str | None = Field(
        None, description="of access_log: common, combined, vhost_combined, or a LogFormat or log_format as it stands"
    )
    cookie: str | None = Field(
        None, pattern="^[A-Za-z0-9_.-]+$", description="name of the visitor's cookie, where a log has them all"
    )
    time_formats: list[str] = Field(
        [], description="of shopify_orders_csv: how a spreadsheet has re-written its times, as of strptime"
    )
    case: IdentifierKind = Field("order_no", description="of event logs: what a case is")
    objects: dict[str, IdentifierKind | Literal["product"]] = Field(
        {},
        description="of event logs: attribute (XES) or type of object (OCEL, 'type as role') -> kind of identifier",
    )
    attributes: list[str] = Field(
        [],
        description="of OCEL: attributes of events that are kept; 'type.attribute' of their objects at that time",
    )
    inbox: str | None = None
    tables: dict[str, TableSection] = {}

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str | None) -> str | None:
        return known_zone(name) if name else None

    @model_validator(mode="after")
    def _days(self) -> SourceSection:
        for first, last in (("earliest", "latest"), ("clock_offset_from", "clock_offset_until")):
            begin, end = getattr(self, first), getattr(self, last)
            if begin is not None and end is not None and end < begin:
                raise ValueError(f"got {first} = {begin} after {last} = {end}, expected the days in their order")
        return self

    _text = field_validator("encoding")(known_encoding)


class IdentitySection(Strict):
    """Identifiers that are no person: the switchboard's number, a shop's tablet, test addresses."""

    shared: dict[IdentifierKind, list[str]] = {}


class JourneySection(Strict):
    """How a customer's events are cut into journeys (method 2.2). Days."""

    gap_free_days: float | None = Field(None, gt=0, description="None: the valley of the log's own gaps, else 7")
    before_order_days: float = Field(3, ge=0)
    after_order_days: float = Field(7, ge=0)


class CostSection(Strict):
    """Rates; a missing one leaves the money null, never 0."""

    agent_hour: float | None = Field(None, gt=0)
    margin_per_order: float | None = None
    setup_min: float = Field(2, ge=0, description="greeting, login, identification of one contact, minutes")
    ask_min: dict[str, float] = Field({}, description="item that steps ask for -> minutes of giving it once")
    reading_min: float = Field(0.5, ge=0, description="reading one message, minutes, where its step tells none")
    switch_min: float = Field(
        1, ge=0, le=60, description="finding one's way in another channel before its log begins, minutes"
    )
    order_value: str | None = Field(None, description="attribute of a source's events that holds an order's value")

    @field_validator("ask_min")
    @classmethod
    def _minutes(cls, minutes: dict[str, float]) -> dict[str, float]:
        for item, value in minutes.items():
            if not 0 <= value <= 1440:
                raise ValueError(f"{item} = {value:g}, expected minutes from 0 to 1440")
        return minutes


class PrivacySection(Strict):
    """What protects the people in the logs."""

    min_cell: int = Field(5, ge=1, description="cells with fewer customers than this are not published")
    retention_days: int | None = Field(
        None, ge=1, description="what happened longer before the night is deleted; None: nothing is"
    )


class ProductSection(Strict):
    """A table of products, one row each: what their pages say, held against those of other products of a category."""

    file: str = Field(min_length=1, description="CSV with a header, from the site's folder; gzip, bzip2 or xz will do")
    id: str = Field(min_length=1, description="column with the product's name in the logs")
    category: str = Field(min_length=1, description="column with the category: products of one are held together")
    attributes: list[str] = Field(min_length=1, max_length=50, description="columns that tell what a page says")
    encoding: str = "utf-8"

    _text = field_validator("encoding")(known_encoding)

    @model_validator(mode="after")
    def _columns_differ(self) -> ProductSection:
        columns = [self.id, self.category, *self.attributes]
        if twice := sorted({name for name in columns if columns.count(name) > 1}):
            raise ValueError(f"column {', '.join(map(repr, twice))} is named twice, expected each column once")
        return self


class DecisionSection(Strict):
    """What findings are decided on: every fourth Monday, over the closed window that ends there (method 0.6)."""

    window_days: int = Field(56, ge=28, multiple_of=7, description="length of the closed window: whole weeks")


class ExportSection(Strict):
    """What a night leaves in `exports` besides findings.json and the process."""

    formats: list[Literal["analytics", "findings_schema", "ocel", "parquet", "spreadsheet", "xes"]] | None = Field(
        None, description="by default all, but XES and OCEL only of a site that is small enough"
    )
    interchange_events_max: int = Field(250_000, ge=0, description="with more events, no XES and OCEL by default")


Severity = Literal["off", "warn", "error"]


class Settings(Strict):
    """The whole of site.toml."""

    site: SiteSection
    source: list[SourceSection] = Field(min_length=1)
    identity: IdentitySection = IdentitySection()
    journeys: JourneySection = JourneySection()
    costs: CostSection = CostSection()
    products: ProductSection | None = None
    decisions: DecisionSection = DecisionSection()
    privacy: PrivacySection = PrivacySection()
    exports: ExportSection = ExportSection()
    audits: dict[str, Severity] = Field({}, description="audit -> severity, where not the audit's own")

    @field_validator("source")
    @classmethod
    def _names_differ(cls, sources: list[SourceSection]) -> list[SourceSection]:
        names = [source.name for source in sources]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"source name {name!r} is used twice, expected different names")
        return sources

    @field_validator("audits")
    @classmethod
    def _audits_known(cls, audits: dict[str, Severity]) -> dict[str, Severity]:
        known = {path.stem for path in AUDITS.glob("*.sql")}
        for name in audits.keys() - known:
            raise ValueError(f"unknown audit {name!r}; {suggestion(name, known)}")
        return audits


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary. Raises ConfigError that names the file and the place."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; expected the site's configuration there") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read ({type(error).__name__}); expected a UTF-8 text file") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def validate(model: type[Model], data: dict[str, Any], path: Path) -> Model:
    """`data` as `model`. Raises ConfigError with every offending key, each with what was expected."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = tuple(_problem(model, item, path) for item in error.errors())
        told = "; ".join(str(replace(problem, file="")) for problem in problems)
        raise ConfigError(f"{path}: {told}", problems) from error


def load_settings(path: Path) -> Settings:
    """Read and validate site.toml."""
    return validate(Settings, read_toml(path), path)


def _problem(model: type[BaseModel], item: Any, path: Path) -> Problem:
    """A pydantic error in our words. Values under `identity` are not repeated: they are people's."""
    loc = item["loc"]
    key = ".".join(str(part) for part in loc)
    if item["type"] == "extra_forbidden":
        return Problem(str(path), key, f"unknown key; {suggestion(str(loc[-1]), _keys_at(model, loc[:-1]))}")
    if item["type"] == "missing":
        return Problem(str(path), key, "missing; this key is required")
    text = item["msg"].removeprefix("Value error, ")
    got = item["input"]
    if item["type"] != "value_error" and isinstance(got, (str, int, float)) and loc[0] != "identity":
        text = f"got {_short(got)}, expected: {text.removeprefix('Input should be ').removeprefix('String should ')}"
    return Problem(str(path), key, text)


def _short(value: object) -> str:
    """A value as it is shown in a message: whole, unless somebody wrote a book."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}... ({len(text)} characters)"


def suggestion(name: str, known: Collection[str]) -> str:
    """What to write instead of an unknown name: the close one, else all."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"expected one of: {', '.join(sorted(known))}"


def _keys_at(model: Any, loc: tuple[Any, ...]) -> set[str]:
    """Names of the fields of the (nested) model that a pydantic location points into."""
    for part in loc:
        fields = getattr(model, "model_fields", {})
        if part in fields:
            model = fields[part].annotation
        model = next((a for a in _arguments(model) if isinstance(a, type) and issubclass(a, BaseModel)), model)
    return {field.alias or name for name, field in getattr(model, "model_fields", {}).items()}


def _arguments(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__args__", ()) or (annotation,)
