"""`config-check` of mining: all that is wrong with the intended process, the calendar, accepted findings, changes,
products, scenarios and research on competitors.

`intended.parse` stops at the first problem. So each part is parsed by itself, in a process that is otherwise right;
what depends on several parts at once is found by parsing the whole when no part is wrong by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.errors import ConfigError, Problem
from ingest.problems import listed
from ingest.settings import read_toml
from ingest.site import Site
from ingest.touch import load_steps
from mining import accepted, business_time, intended, products
from mining.changes import declared
from mining.competitors import research
from mining.names import did_you_mean
from mining.whatif import scenarios

_ANY_PROCESS = {"process": "any", "steps": ["any_step"]}


def problems(site: Site) -> list[Problem]:
    """All problems of what mining reads in SITE/process; none of a file that the site does not have."""
    return [
        *_of_intended(site),
        *_of_calendar(site),
        *_of_accepted(site),
        *_of_changes(site),
        *_of_products(site),
        *_of_scenarios(site),
        *_of_competitors(site),
    ]


def _of_scenarios(site: Site) -> list[Problem]:
    """Each file by itself, then all of them together; steps that they name must be declared."""
    found: list[Problem] = []
    known = _labels(site)
    for path in scenarios.files(site.process):
        try:
            one = scenarios.read(path)
        except ConfigError as error:
            found += listed(error, path)
            continue
        page = one.change.page
        if page is not None and page.step is not None and known and page.step not in known:
            hint = did_you_mean(page.step, known, "expected a step of process/steps.toml")
            found.append(Problem(str(path), "change.page.step", f"unknown step {page.step!r}; {hint}"))
    if not found:
        try:
            scenarios.load(site.process)
        except ConfigError as error:
            found.append(Problem(str(site.process / scenarios.FOLDER), "scenario", str(error)))
    return found


def _of_products(site: Site) -> list[Problem]:
    """The table can be read, has the declared columns, and all of its rows can be used."""
    path = site.root / "site.toml"
    try:
        section = site.settings.products
        found = products.load(site, section) if section else None
    except ConfigError as error:
        message = str(error)
        return [Problem(str(path), *_key_and_what(message))] if message.startswith("products.") else []
    if section is None or found is None or not found.n_left_out:
        return []
    return [Problem(str(path), *_key_and_what(products.left_out(section, found)))]


def _of_competitors(site: Site) -> list[Problem]:
    """Every row that is refused, and scenarios that the log can't know."""
    try:
        steps = {one.step: one.stage for one in load_steps(site.process / "steps.toml").step if one.visible}
        found = research.of_site(site, steps)
    except ConfigError:  # of site.toml or steps.toml, and told already
        return []
    folder = site.process / research.FOLDER
    return [Problem(str(folder / file), key, what) for file, key, what in (research.complaints(found) if found else [])]


def _of_accepted(site: Site) -> list[Problem]:
    path = site.process / "accepted.toml"
    try:
        accepted.load(path)
    except ConfigError as error:
        return listed(error, path)
    return []


def _of_changes(site: Site) -> list[Problem]:
    """The register reads well, and its groups name steps and departments of the dictionary."""
    path = site.process / declared.FILE
    try:
        changes = declared.load(site.process)
    except ConfigError as error:
        return listed(error, path)
    try:
        steps = load_steps(site.process / "steps.toml")
    except ConfigError:
        return []
    known = [one.step for one in steps.step], [one.name for one in steps.department]
    return [Problem(str(path), key, what) for key, what in declared.unknown_names(changes, *known)]


def _of_intended(site: Site) -> list[Problem]:
    path, drawn = site.process / intended.TOML_FILE, site.process / intended.BPMN_FILE
    if drawn.exists():
        try:
            intended.load(site.process, _labels(site))
        except ConfigError as error:
            return [Problem(str(drawn), "", one) for one in str(error).removeprefix(f"{drawn}: ").split("; also ")]
        return []
    if not path.exists():
        return []
    try:
        data = read_toml(path)
    except ConfigError as error:
        return listed(error, path)
    known = list(_labels(site))
    found = list(_wrong_parts(data, known)) or list(_message(data, known))
    return [Problem(str(path), *_key_and_what(message)) for message in found]


def _of_calendar(site: Site) -> list[Problem]:
    path = site.process / business_time.FILE
    try:
        business_time.load(site.process)
    except ConfigError as error:
        return [Problem(str(path), *_key_and_what(str(error).removeprefix(f"{path}: ")))]
    return []


def _labels(site: Site) -> dict[str, str]:
    """The declared steps with their names; none, which leaves names unchecked, when steps.toml is broken."""
    try:
        return {step.step: step.label for step in load_steps(site.process / "steps.toml").step}
    except ConfigError:
        return {}


def _wrong_parts(data: dict[str, Any], known: list[str]) -> Iterator[str]:
    scaffold = [*known, "any_step"] if known else []
    for key, value in data.items():
        for place, part in _parts(key, value):
            for message in _message(_ANY_PROCESS | {key: part}, scaffold):
                yield message.replace("steps[0]", f"steps[{place}]", 1)
    for key in _ANY_PROCESS.keys() - data.keys():
        yield from _message({name: part for name, part in _ANY_PROCESS.items() if name != key}, scaffold)


def _parts(key: str, value: Any) -> list[tuple[int, Any]]:
    """What of a key can be wrong by itself: each item of a list. Weights name steps of the process: left for the
    whole."""
    if key == "weights":
        return []
    if key in ("steps", "rules", "ignore") and isinstance(value, list) and value:
        return [(number, [item]) for number, item in enumerate(value)]
    return [(0, value)]


def _message(data: dict[str, Any], known: list[str]) -> Iterator[str]:
    try:
        intended.parse(data, known)
    except ConfigError as error:
        yield str(error)


def _key_and_what(message: str) -> tuple[str, str]:
    """'steps[2]: got ...' as key and problem."""
    key, colon, what = message.partition(": ")
    return (key, what) if colon else ("", message)
