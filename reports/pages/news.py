"""What truly changed since the last night: findings by what became of them, figures that left their interval, codes.

A number moves a little every night; that is no news. It is told when it lies outside of the interval that the last
night gave it. Confirmed, changed, withdrawn and accepted come from the ledger of decisions.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ingest.language import mark, say
from reports import formats
from reports.figures import Figures
from reports.records import Estimate
from reports.view import Report
from reports.view_facts import bounds, quantity

MOST = 20

MEASURES = {
    "calls_per_100": mark("Calls per 100"),
    "duration_ms": mark("Median time from first to last contact"),
    "goods_ms": mark("Median time from order to goods"),
    "effort_ms": mark("Mean effort of a journey"),
    "departments_met": mark("Departments a journey meets"),
    "journeys": mark("Journeys followed"),
    "customers": mark("Customers"),
    "undeclared": mark("Events with an undeclared code"),
}
"""The measures of night_figure in words, in the order in which they are shown."""

_DECIDED = {
    "confirmed": (mark("Confirmed"), mark("{finding} was confirmed")),
    "changed": (mark("Changed"), mark("{finding} changed between two decisions")),
    "withdrawn": (mark("Withdrawn"), mark("{finding} was withdrawn")),
    "accepted": (mark("Accepted"), mark("{finding} was accepted by the business")),
}
"""What the ledger of decisions tells of a finding: the word for it, and the sentence."""

_GONE = {
    "below_tolerance": mark("{finding} is no longer shown (within what is tolerated)"),
    "cannot_tell": mark("{finding} is no longer shown (can't be told tonight)"),
    None: mark("{finding} is no longer shown (not found tonight)"),
}
_GONE_ELSE = mark("{finding} is no longer shown (not enough data)")

_SHOWN = ("confirmed", "candidate")

BEFORE = """select max(night) from (
    select night from night_figure union select night from finding_history) where night < $night"""
"""The last night before `night`."""

_FINDINGS = """select coalesce(f.no_label, 'F-' || lpad(r.label_no::varchar, 2, '0')) as label, f.title,
    before.status as was, now.status as status, before.low, before.high, now.value, f.effect_json->>'unit' as unit,
    before.value as value_before,
    (select count(*) from finding_history as h where h.finding_id = r.finding_id and h.night < $night
        and h.status in ('confirmed', 'candidate')) as n_before
from finding_register as r
left join finding as f using (finding_id)
left join finding_history as before on before.finding_id = r.finding_id and before.night = $before
left join finding_history as now on now.finding_id = r.finding_id and now.night = $night
where before.status is not null or now.status is not null
order by r.label_no"""

_LEDGER = """select 'F-' || lpad(label_no::varchar, 2, '0'), f.title, f.status, l.what, l.note, l.happened_on
from finding_ledger as l inner join finding_register using (finding_id) left join finding as f using (finding_id)
where l.happened_on > $from_day and l.happened_on <= $to_day
order by l.happened_on, label_no, l.what"""

_CODES = """with code as (
    select coalesce(touch.label, event.raw_code) as name, event.visible is null as is_undeclared, count(*) as n,
        count(distinct event.customer_id) as n_customers
    from event left join touch on touch.step = event.step::varchar
    where event.visible is null or event.visible
    group by name, is_undeclared having min(event.occurred_at) >= $before)
select name, is_undeclared, n, n_customers from code order by n desc, name"""
"""What occurs for the first time since the last night; its last day was read that night, up to its end."""


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One thing that happened: a word for its kind, its tone, the sentence, the title of its finding, a link; or ''."""

    word: str
    tone: str
    text: str
    href: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class NewsView:
    """What the page shows. `line` and `line_title`: how much changed and the first of it, for the overview."""

    headline: str
    lede: str
    line: str
    line_title: str
    items: tuple[NewsItem, ...]
    more: str


def build(figures: Figures, _report: Report) -> NewsView:
    """Compare this night with the last one before it."""
    before = figures.store.value(BEFORE, {"night": figures.as_of})
    if before is None:
        text = say("This is the first night of the site: there is nothing to compare it with.")
        return NewsView(say("The first night"), text, text, "", (), "")
    items = [
        *_ledger(figures, before),
        *_findings(figures, before),
        *_key_figures(figures, before),
        *_codes(figures, before),
    ]
    since = formats.date_long(before)
    if not items:
        return NewsView(
            say("Nothing changed since the last night"),
            say(
                "Compared with the night of {night}: no finding is new, gone or decided on, and every key figure lies "
                "within the interval it had. Numbers move a little from night to night; that is no news.",
                night=since,
            ),
            say("Nothing changed since the night of {night}.", night=since),
            "",
            (),
            "",
        )
    n, n_more = len(items), len(items) - MOST
    return NewsView(
        formats.plural(n, "{n} thing changed since the last night", "{n} things changed since the last night"),
        say("Compared with the night of {night}. A number is told only when it left the interval it had.", night=since),
        formats.plural(
            n,
            "{n} thing changed since the night of {night}: {first}",
            "{n} things changed since the night of {night}: {first}",
            night=since,
            first=items[0].text,
        ),
        items[0].title,
        tuple(items[:MOST]),
        formats.plural(n_more, "Not listed: {n} further change.", "Not listed: {n} further changes.")
        if n_more > 0
        else "",
    )


def _link(label: str, status: str | None) -> str:
    return f"findings/{label}.html" if status in _SHOWN else ""


def _ledger(figures: Figures, before: dt.date) -> list[NewsItem]:
    """A decision counts for the morning after its night: the days of both ends move by one."""
    day = dt.timedelta(days=1)
    rows = figures.store.rows(_LEDGER, {"from_day": before + day, "to_day": figures.as_of + day})
    items = []
    for label, title, status, what, note, _ in rows:
        word, text = _DECIDED[what]
        told = f"{_title(title)} ({note})" if note else _title(title)
        items.append(NewsItem(say(word), "neutral", say(text, finding=label), _link(label, status), told))
    return items


def _title(title: str | None) -> str:
    return title.rstrip(".") if title else say("it is not found any more")


def _findings(figures: Figures, before: dt.date) -> list[NewsItem]:
    items = []
    for row in figures.store.records(_FINDINGS, {"before": before, "night": figures.as_of}):
        label, was, now = row["label"], row["was"], row["status"]
        is_shown, was_shown = now in _SHOWN, was in _SHOWN
        title, href = _title(row["title"]), _link(label, now)
        if is_shown and not was_shown:
            items.append(NewsItem(say("Back") if row["n_before"] else say("New"), "cost", label, href, title))
        elif was_shown and not is_shown and now != "withdrawn":
            text = say(_GONE.get(now, _GONE_ELSE), finding=label)
            items.append(NewsItem(say("Gone"), "neutral", text, "", title))
        elif is_shown and _has_left(row["value"], row["low"], row["high"]):
            unit = row["unit"] or ""
            text = say(
                "{finding} went from {before} ({interval}) to {now}",
                finding=label,
                before=quantity(row["value_before"], unit),
                interval=bounds(row["low"], row["high"], unit),
                now=quantity(row["value"], unit),
            )
            items.append(NewsItem(say("Changed"), "neutral", text, href, title))
    return items


def _has_left(value: float | None, low: float | None, high: float | None) -> bool:
    """Whether a value lies outside of the interval that the last night gave."""
    return value is not None and low is not None and high is not None and not low <= value <= high


def _key_figures(figures: Figures, before: dt.date) -> list[NewsItem]:
    rows = figures.store.rows(
        "select measure, value, low, high, n from night_figure where night = $night order by measure", {"night": before}
    )
    items = []
    for measure, *numbers in rows:
        last, now = Estimate(*numbers), figures.key_figures.get(measure)
        if now and last.low is not None and last.high is not None and _has_left(now.value, last.low, last.high):
            low, high = figure_text(measure, last.low), figure_text(measure, last.high)
            text = say(
                "{figure}: from {before} ({interval}) to {now}",
                figure=say(MEASURES[measure]),
                before=figure_text(measure, last.value),
                interval=formats.interval(low, high),
                now=figure_text(measure, now.value),
            )
            items.append(NewsItem(say("Figure"), "neutral", text, "trends.html"))
    return items


def figure_text(measure: str, value: float) -> str:
    """A key figure in its unit."""
    if measure.endswith("_ms"):
        return formats.duration(value)
    return formats.share(value) if measure == "undeclared" else formats.number(value)


def _codes(figures: Figures, before: dt.date) -> list[NewsItem]:
    """New step codes; those of few customers are counted, since a code can hold a name."""
    after = dt.datetime.combine(before + dt.timedelta(days=1), dt.time())
    rows = figures.store.rows(_CODES, {"before": after})
    told = [row for row in rows if row[3] >= figures.k]
    items = [_code(name, n) if is_undeclared else _step(name, n) for name, is_undeclared, n, _ in told]
    n_few = len(rows) - len(told)
    if n_few:
        text = formats.plural(
            n_few,
            "{n} new code of fewer than {k} customers each, not told by name",
            "{n} new codes of fewer than {k} customers each, not told by name",
            k=figures.k,
        )
        items.append(NewsItem(say("New code"), "neutral", text, "data.html#undeclared"))
    return items


def _code(name: str, n: int) -> NewsItem:
    text = formats.plural(
        n,
        "“{name}” occurs for the first time, {n} event: the step dictionary does not know it",
        "“{name}” occurs for the first time, {n} events: the step dictionary does not know it",
        name=name,
    )
    return NewsItem(say("New code"), "neutral", text, "data.html#undeclared")


def _step(name: str, n: int) -> NewsItem:
    text = formats.plural(
        n, "“{name}” occurs for the first time, {n} event", "“{name}” occurs for the first time, {n} events", name=name
    )
    return NewsItem(say("New step"), "neutral", text, "map.html")
