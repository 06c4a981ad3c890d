"""What a finding about a page that is followed by calls says, in sentences for a manager."""

from __future__ import annotations

from ingest.language import mark, say
from mining.context import quoted
from mining.exposure_findings import Told
from mining.exposure_words import not_confirmed, times_and_reasons, times_text
from mining.exposures import Family, Subject
from mining.page_reading import Page
from mining.sentences import not_few, paragraph

_TITLES = {
    "B": mark(
        "The page {page} is followed by {times} times as many calls as similar pages, and the same customers call "
        "more after they see it than before"
    ),
    "C": mark("The page {page} is followed by {times} times as many calls as similar pages"),
    "D": mark(
        "The page {page} is followed by {times} times as many calls as similar pages, beyond what its customers call "
        "on other topics"
    ),
}
_NOT_SHOWN = mark("Whether the page {page} is followed by more calls than similar pages is not shown")
_COUNTED = {
    "all": mark("In all: {y} of {v} days with a view were followed by a call on its topic within 24 hours."),
    "confirm": mark(
        "Among customers kept apart for checking: {y} of {v} days with a view were followed by a call on its topic "
        "within 24 hours."
    ),
}


def _address(page: Subject) -> str:
    assert isinstance(page, Page)
    return page.address


def title(_: Family, page: Subject, told: Told) -> str:
    """One sentence with theta and its interval, where it is shown."""
    name = quoted(_address(page))
    if told.status in ("not_enough_data", "cannot_tell"):
        return say(_NOT_SHOWN, page=name)
    return say(_TITLES[told.grade], page=name, times=times_text(told.estimate))


def evidence_text(family: Family, page: Subject, told: Told) -> str:
    """Counts, what its peers let expect, after against before, other topics, other times, reasons."""
    numbers = {name: values[page.number] for name, values in family.numbers[told.sample].items()}
    over_all = {name: int(values[page.number]) for name, values in family.numbers["all"].items()}
    expected = family.by_split[told.sample].expected[page.number]
    return paragraph(
        say(_COUNTED[told.sample], y=not_few(int(numbers["y"]), told.few), v=f"{int(numbers['v']):,}"),
        say("After similar pages it would be {n}.", n=f"{expected:.1f}"),
        say(
            "In all, {after} calls came within a day after a view and {before} within a day before one; of the calls "
            "around similar pages {share} % come after.",
            after=not_few(over_all["n_after"], told.few),
            before=not_few(over_all["n_before"], told.few),
            share=f"{100 * family.usual_after:.0f}",
        ),
        say("Calls on other topics: {times} times as many as after similar pages.", times=times_text(told.control))
        if told.control
        else "",
        times_and_reasons(family, page, told),
    )


def caution(family: Family, page: Subject, told: Told) -> str:
    """What to keep in mind before acting on it."""
    over_all = family.numbers["all"]
    is_weak = 2 * over_all["y_named"][page.number] < over_all["y"][page.number]
    lacking = ""
    if told.status == "not_enough_data":
        lacking = say(
            "Not enough data: {views} days with a view and {calls} calls are needed.",
            views=f"{family.views_min:,}",
            calls=f"{family.calls_min:,}",
        )
    by_grade = {
        "B": say(
            "The further calls are most likely caused by something that the page lacks or says wrongly; what it is, "
            "the log does not tell."
        ),
        "C": say(
            "The calls go with the page. Whether it sends customers to the phone is not shown: it may be seen by "
            "customers who call a lot."
        ),
        "D": say(
            "The customers of this page call more on other topics too. That part is taken off, and what is left may "
            "still be theirs."
        ),
    }
    return paragraph(
        by_grade[told.grade],
        lacking or not_confirmed(told.status),
        say("Most of the calls name no product, so each counts for the last such page before it.") if is_weak else "",
        say("Only customers who are known on the web and on the phone are counted; others may differ."),
    )
