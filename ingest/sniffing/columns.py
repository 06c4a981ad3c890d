"""What the columns of a table with a header may mean, by their names and values: moments, identifiers, a code.

A guess is a table of `relational_orders` (`TableSection`) to be looked at, never more. Values are looked at only to
tell a column's form; none is kept.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ingest.scrub import scrub

if TYPE_CHECKING:
    from ingest.sniffing.head import Head

MAX_CODES = 40
_MAX_WORD = 40
TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S.%f %Z", "%Y-%m-%d %H:%M:%S %Z", "%Y/%m/%d %H:%M:%S.%f",
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M",
    "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y",
)  # fmt: skip
_NO_MOMENT = re.compile(r"birth|dob|estimat|expect|promis|due|limit|valid|expir|scheduled|next", re.I)
_EPOCH_NAME = re.compile(r"time|date|stamp|_at$|epoch", re.I)
_IDENTIFIERS: tuple[tuple[str, str], ...] = (
    ("email", r"e_?mail"),
    ("phone", r"phone|mobile|msisdn|telephone|caller|ani"),
    ("order_no", r"order_?(id|no|nr|number|key)|invoice_?(no|id|number)|bestell|pedido|order"),
    ("call_no", r"call_?(id|sid|no)|contact_?id|conversation_?id"),
    ("cookie", r"cookie|visitor_?id|session_?id|browser_?id|anonymous_?id"),
    ("login", r"login|user_?name"),
    ("customer_no", r"(customer|client|user|member|account|cust|person|patient)_?(unique_?)?(id|no|number|nr|key)?"),
    ("reference", r"case_?(id|no)?|case_concept_name|case_key|complaint_?id|ticket_?(id|no)?|ref(erence)?"),
)
_CODES = ("activity", "concept_name", "event_name", "event", "action", "verb", "task", "operation", "stage", "step",
          "status", "state", "outcome", "type", "product")  # fmt: skip
_PRODUCT = re.compile(r"(product|item|article|stock|variant)_?(id|code|no|sku)|sku|asin", re.I)


def guess_tables(head: Head) -> list[dict[str, Any]]:
    """Options of a source that may read this table; none when it has neither moments nor identifiers."""
    rows = head.rows
    if not rows:
        return []
    names = list(rows[0])
    told = {name: [row[name].strip() for row in rows if row[name].strip()] for name in names}
    formats = {name: form for name in names if (form := time_format(told[name], name))}
    moments = [name for name in formats if not _NO_MOMENT.search(name)]
    table: dict[str, Any] = {"files": "*"}
    if identifiers := identifiers_of(names, formats, told):
        table["identifiers"] = identifiers
    if moments:
        table["events"] = dict(zip(_unique(map(slug, moments)), moments, strict=True))
        table["time_formats"] = list(dict.fromkeys(formats[name] for name in moments))
        table |= _described(names, moments, formats, identifiers, told)
    if len(table) == 1:
        return []
    return [{"tables": {_table_name(head): table}}]


def _described(
    names: Sequence[str],
    moments: Sequence[str],
    formats: Mapping[str, str],
    identifiers: Mapping[str, str],
    told: Mapping[str, Sequence[str]],
) -> dict[str, str]:
    found = {}
    free = [name for name in names if name not in formats and name not in identifiers.values()]
    if product := next((name for name in free if _PRODUCT.fullmatch(slug(name))), None):
        found["product"] = product
    if len(moments) > 1:  # a status told on every moment of a row is the last one's
        return found
    words = [name for name in free if name != product and _is_words(told[name])]
    for wanted in _CODES:
        if code := next((name for name in words if slug(name) == wanted or slug(name).endswith(f"_{wanted}")), None):
            return {**found, "code": code}
    return found


def identifiers_of(
    names: Sequence[str], formats: Mapping[str, str], told: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """kind -> column, by the names of columns, those that hold moments (`formats`) apart, and what is in them. Of two
    columns that name a customer the unique one does; the other joins tables."""
    found: dict[str, str] = {}
    for kind, pattern in _IDENTIFIERS:
        fit = [n for n in names if n not in formats and n not in found.values() and re.fullmatch(pattern, slug(n))]
        fit = [name for name in fit if len(set(told[name])) > 1 or len(told[name]) == 1]
        if kind in ("phone", "email") and not fit:
            fit = [n for n in names if n not in formats and re.search(rf"(^|_)({pattern})(_|$)", slug(n)) and told[n]]
        unique = [name for name in fit if "unique" in name.lower()]
        if fit:
            found.setdefault(kind, (unique or fit)[0])
        if kind == "customer_no" and unique and (other := next((n for n in fit if n not in unique), None)):
            found.setdefault("reference", other)
    return found


def time_format(values: Sequence[str], name: str = "") -> str | None:
    """The format that nearly all values of a column have; `epoch_s` and `epoch_ms` only where its name speaks of a
    time."""
    sample = list(values[:200])
    if not sample:
        return None
    if all(re.fullmatch(r"\d{10}(\.\d+)?|\d{13}", value) for value in sample):
        form = "epoch_ms" if re.fullmatch(r"\d{13}", sample[0]) else "epoch_s"
        return form if _EPOCH_NAME.search(name) else None
    if not re.search(r"\d[-/.]\d", sample[0]) or not all(len(value) >= 8 for value in sample):
        return None
    return _commonest_format(tuple(sample))


@lru_cache(64)
def _commonest_format(sample: tuple[str, ...]) -> str | None:
    """The format of nine tenths; what fits none of some values from all over the sample is not tried on the others."""
    some = sample[:: max(1, len(sample) // 20)]
    counts = {form: sum(map(_parser(form), sample)) for form in TIME_FORMATS if any(map(_parser(form), some))}
    best = max(counts, key=lambda form: counts[form], default=None)
    return best if best is not None and counts[best] >= 0.9 * len(sample) else None


def is_ambiguous(form: str, values: Sequence[str]) -> bool:
    """Whether day and month may be the other way round."""
    other = form.replace("%d/%m", "%m/%d") if "%d/%m" in form else form.replace("%m/%d", "%d/%m")
    return other != form and all(map(_parser(other), values[:200]))


def _parser(form: str) -> Callable[[str], bool]:
    def fits(value: str) -> bool:
        if form.endswith("%Z") and not re.search(r" [A-Z]{3,4}$", value):
            return False
        try:
            dt.datetime.strptime(value, form)
        except ValueError:
            return False
        return True

    return fits


def _is_words(values: Sequence[str]) -> bool:
    """Few different words that come again, with nothing personal that a pattern tells: a status, not a name."""
    different = set(values)
    if not different or len(different) > MAX_CODES or len(different) > max(3, len(values) / 3):
        return False
    return all(len(v) <= _MAX_WORD and scrub(v) == v and re.search(r"[^\W\d_]", v) for v in different)


def slug(name: str) -> str:
    """A column's name in lower case, its words parted by one `_`."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _unique(names: Any) -> list[str]:
    found: list[str] = []
    for name in names:
        name = re.sub(r"_?(timestamp|datetime|date_time|date|time|at|on)$", "", name) or name or "moment"
        found.append(name if name not in found else f"{name}_{len(found)}")
    return found


def _table_name(head: Head) -> str:
    from ingest.sniffing.head import plain_name

    name = slug(re.sub(r"\.\w+$", "", plain_name(head.path)))
    name = re.sub(r"[0-9_]+$", "", re.sub(r"_(dataset|export|full)\b", "", name)) or "rows"
    return name if name[0].isalpha() else f"t_{name}"
