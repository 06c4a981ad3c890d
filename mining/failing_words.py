"""What a finding about a failing of the website says, in sentences for a manager."""

from __future__ import annotations

from typing import Any

from ingest.language import mark, say
from mining.exposure_findings import Told
from mining.exposure_words import not_confirmed, not_controlled, times_and_reasons, times_text
from mining.exposures import Family, Subject
from mining.failing_reading import Failing
from mining.sentences import not_few, paragraph, share_text
from mining.statistics import wilson

_TITLES = {
    ("empty_search", "B"): mark(
        "After a search that finds nothing ({page}), customers call {times} times as often as after searches that "
        "find something, and more after it than before"
    ),
    ("empty_search", "C"): mark(
        "After a search that finds nothing ({page}), customers call {times} times as often as after searches that "
        "find something"
    ),
    ("empty_search", "D"): mark(
        "After a search that finds nothing ({page}), customers call {times} times as often as after searches that "
        "find something, beyond what they call on other topics"
    ),
    ("help_before_call", "B"): mark(
        "Readers of the help page {page} call {times} times as often as readers of other help pages, and more after "
        "it than before"
    ),
    ("help_before_call", "C"): mark(
        "Readers of the help page {page} call {times} times as often as readers of other help pages"
    ),
    ("help_before_call", "D"): mark(
        "Readers of the help page {page} call {times} times as often as readers of other help pages, beyond what "
        "they call on other topics"
    ),
    ("back_and_forth", "B"): mark(
        "Customers who go back and forth between {page} and {other} call {times} times as often as those who do not "
        "go back, and more after it than before"
    ),
    ("back_and_forth", "C"): mark(
        "Customers who go back and forth between {page} and {other} call {times} times as often as those who do not "
        "go back"
    ),
    ("back_and_forth", "D"): mark(
        "Customers who go back and forth between {page} and {other} call {times} times as often as those who do not "
        "go back, beyond what they call on other topics"
    ),
    ("within", "B"): mark(
        "Customers who go back and forth between two pages of {page} call {times} times as often as those who do not "
        "go back, and more after it than before"
    ),
    ("within", "C"): mark(
        "Customers who go back and forth between two pages of {page} call {times} times as often as those who do not "
        "go back"
    ),
    ("within", "D"): mark(
        "Customers who go back and forth between two pages of {page} call {times} times as often as those who do not "
        "go back, beyond what they call on other topics"
    ),
    ("form_given_up", "B"): mark(
        "Customers who give up the form {page} call {times} times as often as those who send it, and more after it "
        "than before"
    ),
    ("form_given_up", "C"): mark(
        "Customers who give up the form {page} call {times} times as often as those who send it"
    ),
    ("form_given_up", "D"): mark(
        "Customers who give up the form {page} call {times} times as often as those who send it, beyond what they "
        "call on other topics"
    ),
    ("status_again", "B"): mark(
        "Customers who come to {page} for at least the third time without news call {times} times as often as at the "
        "first time, and more after it than before"
    ),
    ("status_again", "C"): mark(
        "Customers who come to {page} for at least the third time without news call {times} times as often as at the "
        "first time"
    ),
    ("status_again", "D"): mark(
        "Customers who come to {page} for at least the third time without news call {times} times as often as at the "
        "first time, beyond what they call on other topics"
    ),
}
_NOT_SHOWN = {
    "empty_search": mark("Whether customers call more after a search that finds nothing ({page}) is not shown"),
    "help_before_call": mark("Whether readers of the help page {page} call more than readers of others is not shown"),
    "back_and_forth": mark("Whether customers who go back and forth between {page} and {other} call more is not shown"),
    "within": mark("Whether customers who go back and forth between two pages of {page} call more is not shown"),
    "form_given_up": mark("Whether customers who give up the form {page} call more is not shown"),
    "status_again": mark("Whether customers who come to {page} again and again without news call more is not shown"),
}
_COUNTED = {
    "all": mark("In all: {y} of {v} days with such a visit were followed by a call on its topic within 24 hours."),
    "confirm": mark(
        "Among customers kept apart for checking: {y} of {v} days with such a visit were followed by a call on its "
        "topic within 24 hours."
    ),
}
_AGAINST = {
    "empty_search": mark("After as many visits whose searches all found something it would be {n}."),
    "help_before_call": mark("After as many views of other help pages it would be {n}."),
    "back_and_forth": mark("After as many visits that did not go back it would be {n}."),
    "form_given_up": mark("After as many visits that sent the form it would be {n}."),
    "status_again": mark("After as many first looks, as long after the last news, it would be {n}."),
}
_LIKELY = {
    "empty_search": mark(
        "The further calls are most likely caused by goods or answers that the search does not find; what was searched "
        "for, the log does not tell."
    ),
    "help_before_call": mark(
        "The further calls are most likely caused by a question that the page leaves open; which one, the log does not "
        "tell."
    ),
    "back_and_forth": mark(
        "The further calls are most likely caused by something that customers look for on both pages and find on "
        "neither; what it is, the log does not tell."
    ),
    "form_given_up": mark(
        "The further calls are most likely caused by something in the form that keeps customers from sending it; what "
        "it is, the log does not tell."
    ),
    "status_again": mark(
        "The further calls are most likely caused by waiting without news; a page that told when to expect it might "
        "spare them."
    ),
}


def _form(one: Failing) -> str:
    """Which sentence: back and forth between two pages of one step has its own."""
    return "within" if one.kind == "back_and_forth" and len(one.names) == 1 else one.kind


def title(_: Family, one: Subject, told: Told) -> str:
    """One sentence with theta and its interval, where it is shown."""
    assert isinstance(one, Failing)
    names = dict(zip(("page", "other"), one.names, strict=False))
    if told.status in ("not_enough_data", "cannot_tell"):
        return say(_NOT_SHOWN[_form(one)], **names)
    return say(_TITLES[_form(one), told.grade], **names, times=times_text(told.estimate))


def evidence_text(family: Family, one: Subject, told: Told) -> str:
    """Counts, what the other visits let expect, after against before, other topics, other times, reasons."""
    numbers = {name: values[one.number] for name, values in family.numbers[told.sample].items()}
    over_all = {name: int(values[one.number]) for name, values in family.numbers["all"].items()}
    called, seen = int(numbers["y"]), int(numbers["v"])
    low, high = wilson(called, seen)
    share = share_text(called / seen, {"low": low, "high": high}) if called >= told.few else ""
    return paragraph(
        say(_COUNTED[told.sample], y=not_few(called, told.few), v=f"{seen:,}"),
        say("That is {share} of them.", share=share) if share else "",
        say(_AGAINST[one.kind], n=f"{family.by_split[told.sample].expected[one.number]:.1f}"),
        say(
            "In all, {after} calls came within a day after it and {before} within a day before it; of the calls around "
            "the visits it is held against {share} % come after.",
            after=not_few(over_all["n_after"], told.few),
            before=not_few(over_all["n_before"], told.few),
            share=f"{100 * family.usual_share(one.number):.0f}",
        ),
        say("Calls on other topics: {times} times as many as after those visits.", times=times_text(told.control))
        if told.control
        else "",
        times_and_reasons(family, one, told),
    )


def caution(family: Family, one: Subject, told: Told) -> str:
    """What to keep in mind before acting on it."""
    assert isinstance(one, Failing)
    lacking = ""
    if told.status == "not_enough_data":
        lacking = say(
            "Not enough data: {views} days with such a visit and {calls} calls are needed.",
            views=f"{family.views_min:,}",
            calls=f"{family.calls_min:,}",
        )
    by_grade = {
        "B": paragraph(
            say(_LIKELY[one.kind]),
            say(
                "A customer whose matter is harder may meet it more often and call more, too; the counts can't tell "
                "that apart."
            ),
        ),
        "C": say(
            "The calls go with it. Whether it sends customers to the phone is not shown: it may be met by customers "
            "who call a lot, or who wanted to call all along."
        ),
        "D": say(
            "These customers call more on other topics too. That part is taken off, and what is left may still be "
            "theirs."
        ),
    }
    return paragraph(
        by_grade[told.grade],
        lacking or not_confirmed(told.status),
        not_controlled(told),
        say("Only customers who are known on the web and on the phone are counted; others may differ."),
    )


def extra(family: Family, one: Subject) -> dict[str, Any]:
    """What it is held against, as far as that is one group."""
    if family.against is None:
        return {}
    at, told = family.against[one.number], family.numbers["all"]
    return {"against": {name: int(told[name][at]) for name in ("v", "y", "n_after", "n_before")}}
