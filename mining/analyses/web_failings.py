"""Failings of a website after which customers call: searches without a result, help pages, back and forth between two
pages, forms given up, a status that is looked at again and again.

Stages, control, grades and status are those of pages (mining/exposure_findings.py). What each is held against:

    empty_search      visits with a search that found nothing: visits with as many searches that all found something
    help_before_call  views of a help page: views of the other help pages, by topic where there are eight of it
    back_and_forth    visits that went A B A B: visits that went over the same two pages without going back
    form_given_up     visits that begin a form and do not send it: visits that send it
    status_again      the third and later looks without news: first looks, as long after the news

Customers who are in a hurry meet these more often and call more, whatever the website does. So it takes more calls
after than before, compared with the other group's; and no more calls on other topics. Two groups that differ in one
thing may differ in others: 30 % of theta either way is part of the error. What is declared nowhere is not looked for.
"""

from __future__ import annotations

from ingest.language import mark, say
from ingest.store import Store
from mining import exposure_findings, failing_words
from mining.context import Context
from mining.exposure_findings import Speech
from mining.failing_reading import read_families
from mining.findings import Finding

NAME = "web_failings"
KINDS = ("empty_search", "help_before_call", "back_and_forth", "form_given_up", "status_again")
SUMMARY = "searches, help pages, forms and the like after which customers call, against visits that went well"
READS = ("event", "customer", "journey_event", "journey", "touch")


def find(store: Store, context: Context) -> list[Finding]:
    """What stands out, kind by kind."""
    speech = Speech(
        effect=mark("calls afterwards, against visits that went otherwise"),
        unit=mark("times the calls of the visits it is held against"),
        counted=mark("days of a customer on which it happened"),
        per_thousand=mark("calls per 1,000 times"),
        moment=mark("the moment it happened"),
        interval=lambda: say("gamma-Poisson, with the chance and the spread of what it is held against"),
        title=failing_words.title,
        evidence=failing_words.evidence_text,
        caution=failing_words.caution,
        extra=failing_words.extra,
    )
    families = [(family, speech) for family in read_families(store, context)]
    return exposure_findings.find(store, context, families, KINDS)
