"""What intake wrote into the warehouse in English, for operators, said in the language of the report's readers.

The tables hold finished texts (`identifiers of the largest customer`, `hidden step: visit`), which `make status` and
the logs show as they are. Each is found here again by its pattern, and said with what stood in its places. A text that
no pattern knows, such as an adapter's own from elsewhere, is said as it stands.
"""

from __future__ import annotations

import re
from functools import cache

from ingest.language import mark, say

_QUALITY = (
    mark("undeclared events"),
    mark("codes that the step dictionary does not declare"),
    mark("events without any identifier"),
    mark("in no journey"),
    mark("events known by strong identity"),
    mark("events known by medium identity"),
    mark("events known by weak identity"),
    mark("events known by none identity"),
    mark("customer number, login, e-mail, order"),
    mark("phone number"),
    mark("browser cookie"),
    mark("one visit or call only"),
    mark("events after this night"),
    mark("kept for later nights"),
    mark("steps taken together"),
    mark("recorded twice, loaded again, or a run of browsing"),
    mark("events with an ambiguous journey"),
    mark("two orders fitted about as well"),
    mark("stands before what lies inside its record: {step}"),
    mark(
        'a call record begins with the dialling; a step that customers take last wants at = "end" in process/steps.toml'
    ),
    mark("times: first of two"),
    mark("times: skipped hour"),
    mark("times: whole day"),
    mark("only a day is told; it sorts to the end of that day"),
    mark("clock change: the first of two equal hours, or an hour that was skipped"),
    mark("identifiers that connect nobody"),
    mark("shared by too many customers: switchboards, shop devices"),
    mark("links not applied"),
    mark("they would join different customers: households; what they share is its last user's"),
    mark("links that ended"),
    mark("a phone or browser that went over to another customer"),
    mark("customers with two or more customer numbers"),
    mark("one person registered twice, or two people taken for one"),
    mark("customers logged in twice in one minute"),
    mark("under two names: two people taken for one"),
    mark("identifiers of the largest customer"),
    mark("a sudden growth means over-merging"),
    mark("identifiers of the customer at the 99.9th percentile"),
    mark("{n} four weeks before"),
    mark("too few customers four weeks before to compare"),
    mark("over-merging alarm"),
    mark("customers too large to be one person, or the largest ones twice what they were: findings stay candidates"),
    mark("lines of people who were forgotten"),
    mark("lines past retention"),
    mark("deleted on their request; in no figure"),
    mark("deleted with age; in no figure"),
    mark("strong links found again when hidden"),
    mark("a tenth is hidden as a trial; what nothing else says is one customer is not found"),
    mark("journeys with steps of one day in unknown order"),
    mark("of a step only the day is told: it is taken to come last on that day"),
    mark("clock ahead of {source}, in seconds"),
    mark("times: corrected by {what}"),
    mark("the clock of the source, as site.toml corrects it"),
    mark(
        "{verdict}; median of {n} times of {moment}, which change by {s} s from one to the next; {turned} of {moves} "
        "moves between the two lie within that: their order may be wrong"
    ),
    mark("{verdict}; median of {n} times of {moment}, which change by {s} s from one to the next"),
)
_CLOCKS = (
    mark("not enough data"),
    mark("cannot tell: the two do not write down the same moment"),
    mark("together"),
    mark(
        "apart by whole half hours from {day}: one clock changes to summer time and the other does not; check both "
        "timezones"
    ),
    mark("apart by whole half hours: probably a wrong timezone, in site.toml or on the server"),
    mark("apart: one clock was set on {day}"),
    mark("apart: one clock drifts by about {s} s a day"),
    mark("apart: one clock is wrong"),
    mark("the end of a call"),
    mark("the placing of an order"),
    mark("the step {step}"),
)
_DROPPED = (
    mark("static"),
    mark("no user agent"),
    mark("no page view"),
    mark("robot"),
    mark("repeated header"),
    mark("forgotten"),
    mark("no event"),
    mark("past retention"),
)
_EXPECTED = (
    mark("fields in double quotes with quotes inside doubled"),
    mark("{least} to {most} fields"),
    mark("{form}, from the start to 30 days later"),
    mark("seconds, at least 0 and at most 30 days"),
    mark("ANSWERED, NO ANSWER, BUSY, FAILED or CONGESTION"),
    mark("seconds since 1970"),
    mark("a verb in capitals"),
    mark("seconds on hold, at least 0 and at most 30 days"),
    mark("seconds talked, at least 0 and at most 30 days"),
    mark("the quoted fields of the combined format and those named in `extra`"),
    mark("{form}, an offset from -1200 to +1400"),
    mark("a status of three digits"),
    mark("METHOD /path HTTP/version"),
    mark("an id"),
    mark("the name of an order"),
    mark("the order that it belongs to"),
    mark("a status"),
    mark("a name of the case"),
    mark("an id that no other has"),
    mark("a type"),
    mark("objects that the log tells of"),
    mark("inbound or outbound"),
    mark("a channel's number such as {form}"),
    mark("microseconds since 1970"),
    mark("the name of an event"),
    mark("track, page, screen, identify, group or alias"),
    mark("a time that the format tells, with an offset"),
    mark("the fields of `log_format`"),
    mark("a line #Fields before it in its file"),
    mark("a line #Fields with date, time, cs-method and sc-status"),
    mark("a JSON object"),
    mark("a number or a text"),
    mark("an order id"),
    mark("an order, and no part of one"),
    mark("an object"),
    mark("a list"),
    mark("ISO 8601 with an offset"),
    mark("the columns of the first line, in its order, to the end of the file"),
    mark("quotes in pairs"),
    mark("as many fields as the header has: {n}"),
    mark("a time such as {form}"),
    mark("text in the encoding of the source"),
    mark("a line of at most 1 MiB"),
    mark("a day from {first} to {last}"),
    mark("not shown"),
)
_REFUSED = (
    mark("damaged compressed file ({what}); deliver it again"),
    mark("not {encoding} text; set `encoding` of the source in site.toml"),
    mark("damaged compressed file"),
    mark("damaged XML ({what}); deliver it again"),
    mark("an XML file with a DOCTYPE, which could hold anything; export it without"),
    mark("an XML file whose outermost element is no log"),
    mark("log_format of source tells no {what}; expected a format with {more}"),
    mark("log_format of source tells {what} twice; expected each field once"),
    mark("damaged Parquet file ({what}); deliver it again"),
    mark("damaged SQLite database ({what}); deliver it again"),
    mark("damaged JSON, or no JSON document; deliver it again"),
    mark("{what} and no OCEL; expected OCEL 1.0 or 2.0 as JSON, XML or SQLite"),
    mark("a JSON document"),
    mark("an XML document"),
    mark("neither JSON, XML nor SQLite"),
    mark("a SQLite database without a table {table} of {columns}"),
    mark("a Parquet file with columns of one name; export it with different names"),
    mark("can't be read: {why}"),
    mark("a zip archive or a spreadsheet"),
    mark("a 7z archive"),
    mark("a rar archive"),
    mark("an office document"),
    mark("a PDF document"),
    mark("a Parquet file"),
    mark("a SQLite database"),
    mark("packed by zstd"),
    mark("packed by lz4"),
    mark("packed by compress"),
    mark("an earlier release loaded it and kept no header; rebuild the warehouse for its lines"),
    mark("table {table} has several columns {column}; export it with different names"),
    mark(
        "table {table} has no column {column} among the {n} of its first line; its columns are parted by {sign}: "
        "export it with commas"
    ),
    mark("table {table} has no column {column} among the {n} of its first line; {advice}"),
    mark("fits no table of source {source} in site.toml (declared: {tables})"),
    mark("a tar archive; unpack it into the inbox"),
    mark("unpacks to more than {n} times its size; refused as a decompression bomb"),
    mark("UTF-16 text; set encoding = 'utf-16' for the source in site.toml"),
    mark("a line of more than {n} bytes; this is no log of lines"),
    mark("more than 2 GB in one piece; deliver it in parts"),
    mark("a document of more than {n} bytes; deliver it in parts"),
    mark("its first line is no CSV header"),
    mark("not a regular file (a link, pipe or device); deliver the file itself"),
    mark("{what}; deliver it as plain text, or packed by gzip, bzip2 or xz"),
)
_AUDITS = (
    mark("clock skew"),
    mark("drift"),
    mark("duplicates"),
    mark("null rates"),
    mark("orphans"),
    mark("over merging"),
    mark("quarantine"),
    mark("refused"),
    mark("silent"),
    mark("time range"),
    mark("undeclared"),
    mark("volume"),
    mark("warn"),
    mark("error"),
)
_GAP = (
    mark("as configured"),
    mark("7 days: the gaps between contacts show no clear valley"),
    mark("at the valley of the gaps between contacts"),
)
FACTS = {
    "site": mark("site"),
    "as_of": mark("last day that counts"),
    "timezone": mark("time zone"),
    "currency": mark("currency"),
    "data_from": mark("first event"),
    "data_to": mark("last event"),
    "night_end": mark("end of the night, UTC"),
    "n_events": mark("events"),
    "n_undeclared": mark("undeclared events"),
    "gap_free_days": mark("days without contact that end a journey without an order"),
    "gap_free_note": mark("how these days were found"),
    "min_cell": mark("fewest customers that are told"),
    "retention_days": mark("days until raw data are deleted"),
    "config_hash": mark("fingerprint of the configuration"),
    "input_hash": mark("fingerprint of the input"),
}
"""The rows of run_fact in words."""
_NONE = mark("none")
TEXTS = tuple(
    dict.fromkeys((*_QUALITY, *_CLOCKS, *_DROPPED, *_EXPECTED, *_REFUSED, *_AUDITS, *_GAP, *FACTS.values(), _NONE))
)
_PLACE = re.compile(r"\{(\w+)\}")


def told_again(text: str) -> str:
    """A text of the warehouse in the language of the site."""
    if text in _plain():
        return say(text)
    for template, pattern in _patterns():
        if found := pattern.fullmatch(text):
            return say(template, **{name: told_again(value) for name, value in found.groupdict().items()})
    return say(text)


@cache
def _plain() -> frozenset[str]:
    return frozenset(text for text in TEXTS if not _PLACE.search(text))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Texts with places, the longest first, since one may be the beginning of another."""
    templates = sorted((text for text in TEXTS if _PLACE.search(text)), key=lambda text: (-len(text), text))
    return tuple((text, re.compile(_as_pattern(text), re.DOTALL)) for text in templates)


def _as_pattern(template: str) -> str:
    parts = _PLACE.split(template)
    return "".join(re.escape(part) if n % 2 == 0 else f"(?P<{part}>.+?)" for n, part in enumerate(parts))
