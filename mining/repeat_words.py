"""What a finding about contacts that lead to another one says, in sentences for a manager."""

from __future__ import annotations

from ingest.language import mark, say, say_n
from mining.context import quoted
from mining.deciding import Decision
from mining.excess import smallest_seen
from mining.sentences import paragraph
from mining.subjects import FAR_DAYS, Subject

_TITLES = {
    ("calls", True): (
        mark(
            "Of 100 calls about {subject}, {n} [{low} to {high}] lead to another within {days}, beyond what these "
            "customers do anyway"
        ),
        mark(
            "Whether calls about {subject} lead to another within {days}, beyond what these customers do anyway, is "
            "not shown"
        ),
    ),
    ("calls", False): (
        mark(
            "Of 100 calls on an unknown subject, {n} [{low} to {high}] lead to another within {days}, beyond what "
            "these customers do anyway"
        ),
        mark(
            "Whether calls on an unknown subject lead to another within {days}, beyond what these customers do "
            "anyway, is not shown"
        ),
    ),
    ("contacts", True): (
        mark(
            "Of 100 contacts about {subject}, {n} [{low} to {high}] lead to another within {days}, beyond what these "
            "customers do anyway"
        ),
        mark(
            "Whether contacts about {subject} lead to another within {days}, beyond what these customers do anyway, "
            "is not shown"
        ),
    ),
    ("contacts", False): (
        mark(
            "Of 100 contacts on an unknown subject, {n} [{low} to {high}] lead to another within {days}, beyond what "
            "these customers do anyway"
        ),
        mark(
            "Whether contacts on an unknown subject lead to another within {days}, beyond what these customers do "
            "anyway, is not shown"
        ),
    ),
}
"""What they are, and whether their subject is known -> the sentence of what is shown, and of what is not."""
_SOON = {
    ("calls", "all"): mark("In all: {soon} of {n} calls ({share} %) were followed by another within {days}."),
    ("calls", "confirm"): mark(
        "Among customers kept apart for checking: {soon} of {n} calls ({share} %) were followed by another within "
        "{days}."
    ),
    ("contacts", "all"): mark("In all: {soon} of {n} contacts ({share} %) were followed by another within {days}."),
    ("contacts", "confirm"): mark(
        "Among customers kept apart for checking: {soon} of {n} contacts ({share} %) were followed by another within "
        "{days}."
    ),
}
_FAR = {
    "after": mark("In as many days four weeks later it was {share} %."),
    "before": mark("In as many days four weeks earlier it was {share} %."),
}
_BESIDE = {
    "calls": mark("Beyond what they do anyway, of 100 calls: {list}."),
    "contacts": mark("Beyond what they do anyway, of 100 contacts: {list}."),
}
_NONE_FOLLOWED = {
    "calls": mark("{n} calls, none followed for {days}."),
    "contacts": mark("{n} contacts, none followed for {days}."),
}
_LACKING = {
    "calls": mark("Not enough data: {n} calls and {days} after each are needed."),
    "contacts": mark("Not enough data: {n} contacts and {days} after each are needed."),
}


def _noun(subject: Subject) -> str:
    return "calls" if subject.is_calls else "contacts"


def _per_100(value: float) -> str:
    return f"{max(0.0, 100 * value):.0f}"


def _days(n: int) -> str:
    return say_n("{n} day", "{n} days", n, n=n)


def title(subject: Subject, decision: Decision, estimate: tuple[float, float, float] | None) -> str:
    """One sentence with the excess and its interval, where it is shown."""
    shown, not_shown = _TITLES[_noun(subject), bool(subject.about)]
    told = {"subject": quoted(subject.about), "days": _days(subject.days)}
    if decision.status in ("confirmed", "candidate") and estimate:
        n, low, high = map(_per_100, estimate)
        return say(shown, **told, n=n, low=low, high=high)
    return say(not_shown, **told)


def evidence_text(subject: Subject, sample: str) -> str:
    """How many were followed by another, soon and at another time, of how many customers."""
    noun, sums = _noun(subject), subject.of(sample)
    if sums is None:
        return say(_NONE_FOLLOWED[noun], n=f"{subject.n_contacts:,}", days=_days(FAR_DAYS + subject.days))
    beside = [
        say("{n} within {days}", n=_per_100(told[0]), days=_days(days))
        for days in subject.all_days
        if days != subject.days and (told := subject.excess(sample, days))
    ]
    return paragraph(
        say(
            _SOON[noun, sample],
            soon=f"{sums.total['a']:,}",
            n=f"{sums.contacts:,}",
            share=f"{100 * sums.soon:.1f}",
            days=_days(subject.days),
        ),
        say(_FAR[subject.season.side], share=f"{100 * sums.far:.1f}"),
        say(
            "{again} of {n} customers were back that soon.",
            again=f"{sums.n_customers_again:,}",
            n=f"{sums.n_customers:,}",
        ),
        say(_BESIDE[noun], list=", ".join(beside)) if beside else "",
    )


def caution(subject: Subject, decision: Decision, contacts_min: int) -> str:
    """What to keep in mind before acting on it."""
    if decision.status == "not_enough_data":
        return say(_LACKING[_noun(subject)], n=f"{contacts_min:,}", days=_days(FAR_DAYS + subject.days))
    said = []
    told = subject.excess("confirm")
    if not subject.season.is_level:
        said.append(
            say("Neither four weeks later nor four weeks earlier were as busy, so what is usual can't be told.")
        )
    elif subject.season.side == "before":
        said.append(
            say("Four weeks later it was another season, so these customers are compared with four weeks earlier.")
        )
    if subject.season.is_level and decision.status == "cannot_tell" and told:
        smallest = f"{100 * smallest_seen(told[1]):.1f}"
        said.append(say("An excess of {n} of 100 would probably have been found.", n=smallest))
    if not subject.about:
        said.append(say("What these contacts were about is not known, so any further contact counts."))
    if decision.status == "candidate":
        said.append(say("It is not confirmed by the customers kept apart for checking."))
    goes_on = say(
        "A need that goes on, such as a parcel that stays late, brings further contacts too; they may lie in the "
        "customer's next journey."
    )
    return paragraph(*said, goes_on)
