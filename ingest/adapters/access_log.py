"""Adapter for access logs of Apache and nginx in any declared format: common, combined, a LogFormat or a log_format.

`log_format` of the source is a name or the format itself, as it stands in the server's configuration. A line is cut at
its quotes first, ten times as fast as one regular expression over all of it; what is between them is matched as the
format says. Apache's escaped quotes are brought to the form of nginx (\\x22) before. Fields that say nothing of a
customer are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.adapters import FileContext
from ingest.adapters.shared.csv_rows import literals
from ingest.packed import UnreadableFile
from ingest.store import literal

SUMMARY = "access logs of Apache and nginx in any declared format: common, combined, a LogFormat or a log_format"
RECORDS = "lines"
IS_GENERAL = True
SIGN = r'" (\d{3}|-)( |$)'
TELLS = "web_request"
CODES = "METHOD /path, with ' -> 4xx' or ' -> 5xx' when the answer was an error"

NAMED = {
    "common": '%h %l %u %t "%r" %>s %b',
    "vhost_common": '%v %h %l %u %t "%r" %>s %b',
    "combined": '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
    "vhost_combined": '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
}
_NGINX = {
    "remote_addr": "ip", "remote_user": "login", "time_local": "clock", "time_iso8601": "iso", "msec": "epoch",
    "request": "request", "request_method": "method", "request_uri": "target", "uri": "target", "status": "status",
    "http_user_agent": "agent", "http_x_forwarded_for": "forwarded",
}  # fmt: skip
_APACHE = {
    "h": "ip", "a": "ip", "u": "login", "t": "bracketed", "r": "request", "m": "method", "U": "target", "s": "status",
}  # fmt: skip
_HEADERS = {"user-agent": "agent", "x-forwarded-for": "forwarded"}
_DIRECTIVE = re.compile(r"\$\{?(\w+)\}?|%[<>]?(?:\{([^}]*)\})?(\^?[A-Za-z]{1,2}(?<=\^t.)|[A-Za-z])|%%")
_TIMES = ("clock", "bracketed", "iso", "epoch")


def trials(_: object) -> list[dict[str, str]]:
    """The formats that have a name, the longest first: the shorter ones read the begin of a longer one's lines."""
    return [{"log_format": name} for name in sorted(NAMED, key=lambda name: -len(NAMED[name]))]


def query(context: FileContext) -> str:
    """The SELECT for the source's format. Raises UnreadableFile when it can't be read from such a format."""
    segments = compiled(context.source.log_format)
    found = {name: f"s{n}.{name}" for n, (names, _) in enumerate(segments) for name in names}

    def column(name: str) -> str:
        return found.get(name, "cast(null as varchar)")

    time = next(name for name in _TIMES if name in found)
    matches = ", ".join(f"{_match(n, names, pattern)} as s{n}" for n, (names, pattern) in enumerate(segments))
    shape = " or ".join(["len(q) < " + str(len(segments)), *(f"s{n} is null" for n in range(len(segments)))])
    request = "string_split(" + column("request") + ", ' ')"
    method = f"coalesce({column('method')}, case when len({request}) = 3 then {request}[1] end)"
    return f"""
with cut as (
    select
        line_no,
        string_split(case when contains(raw, '\\"') then replace(raw, '\\"', '\\x22') else raw end, '"') as q
    from line
),
matched as (select line_no, q, {matches} from cut)
select
    line_no, case when {shape} then 'fields' end as problem_field, cast(len(q) as varchar) as problem_value,
    'the fields of `log_format`' as problem_expectation,
    {column(time)} as time_text, {_time(time, column(time))} as occurred_at, {method} as method,
    coalesce({column("target")}, {request}[2]) as target, {column("status")} as status, {column("agent")} as agent,
    {column("login")} as login, {column("cookie")} as cookie, {column("ip")} as ip, {column("forwarded")} as forwarded
from matched
"""


def compiled(log_format: str | None) -> list[tuple[list[str], str]]:
    """What each stretch between quotes holds: names of the fields, and a regular expression with a group for each.

    Raises UnreadableFile for a format that tells no time, no request or no status.
    """
    text = NAMED.get(log_format or "combined", log_format or "")
    text = re.sub(r"'\s*'", "", text.strip()).strip("'").replace('\\"', '"')  # as both servers' files have it
    segments = [_segment(part) for part in text.split('"')]
    names = [name for found, _ in segments for name in found]
    wanted = {"a time": _TIMES, "a request": ("request", "target"), "a status": ("status",)}
    for what, any_of in wanted.items():
        if not set(any_of) & set(names):
            raise UnreadableFile(f"log_format of source tells no {what.split()[1]}; expected a format with {what}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UnreadableFile(f"log_format of source tells {twice[0]} twice; expected each field once")
    return segments


def _segment(text: str) -> tuple[list[str], str]:
    names: list[str] = []
    pattern = ""
    for before, name, after in _pieces(text):
        pattern += re.escape(before).replace("\\ ", " ")
        if name is None:
            continue
        if name == "bracketed":
            pattern += r"\[([^\]]*)\]"
        else:
            # a login name may hold blanks; %t and its kin without a use hold one in their brackets
            inner = ".*?" if name == "login" or not after else f"[^{re.escape(after[0])}]*"
            pattern += f"({inner})" if name else inner
        names += [name] if name else []
    return names, pattern


def _pieces(text: str) -> Iterator[tuple[str, str | None, str]]:
    """(literal text, name of the field after it, literal text behind that)."""
    found = list(_DIRECTIVE.finditer(text))
    at = 0
    for n, directive in enumerate(found):
        end = found[n + 1].start() if n + 1 < len(found) else len(text)
        yield text[at : directive.start()], _name(directive), text[directive.end() : end]
        at = directive.end()
    yield text[at:], None, ""


def _name(directive: re.Match[str]) -> str:
    """What a directive tells; `` when it says nothing of a customer."""
    variable, argument, letter = directive.groups()
    if variable:
        return "cookie" if variable.startswith("cookie_") else _NGINX.get(variable, "")
    if letter == "i":
        return _HEADERS.get((argument or "").lower(), "")
    if letter == "C":
        return "cookie"
    if letter == "t" and argument:
        return {"%d/%b/%Y:%H:%M:%S %z": "clock", "%Y-%m-%dT%H:%M:%S%z": "iso", "sec": "epoch"}.get(argument, "")
    return _APACHE.get(letter or "", "")


def _match(n: int, names: list[str], pattern: str) -> str:
    """SQL of a stretch's fields as a struct; NULL where it is not as the format says."""
    part = f"q[{n + 1}]"
    if not names:
        return f"case when {part} is not null then {{'none': ''}} end"
    if pattern == "(.*?)":
        return f"case when {part} is not null then {{'{names[0]}': {part}}} end"
    whole = literal(f"^{pattern}$")
    return f"case when regexp_matches({part}, {whole}) then regexp_extract({part}, {whole}, {literals(names)}) end"


def _time(kind: str, text: str) -> str:
    if kind == "iso":
        return f"cast(iso_moment({text}) as timestamp)"
    if kind == "epoch":
        return f"epoch_moment({text})"
    moment = f"cast(try_strptime({text}, '%d/%b/%Y:%H:%M:%S %z') as timestamp)"
    return f"case when is_offset(substr({text}, 22, 5)) then {moment} end"
