"""Pages and products whose views are followed by more calls than those of their peers (method note 7).

Stages, control, grades and status: mining/exposure_findings.py.

Departures from the note: a page that is no product's needs eight others of its step (a search page and a cart are no
peers). Views are of customers who can be known on the phone. The 24 hours before and after a call are mirrored, of each
call the nearest page. Views are weighted by their week too, so that a campaign raises what is expected. Where nearly
all calls come after some view, stage 2 holds the page against the same customers' views of other pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.language import mark, say
from ingest.store import Store
from mining import exposure_findings, page_hints, page_words
from mining.context import Context
from mining.exposure_findings import Speech
from mining.exposures import Family, Subject
from mining.findings import Finding
from mining.page_hints import Hints
from mining.page_reading import Page, read_families
from mining.sentences import paragraph

NAME = "page_calls"
KINDS = ("page_calls",)
SUMMARY = "pages and products followed by more calls than similar ones, after the view more than before it"
READS = ("event", "customer", "journey_event", "journey", "touch")

EFFECT = mark("calls after a view, against similar pages")


def find(store: Store, context: Context) -> list[Finding]:
    """Pages that stand out, products first."""
    families = read_families(store, context)
    graded = {place for family in families for place in exposure_findings.grades(context, family)}
    products = [
        one.product for family in families for one in family.subjects if isinstance(one, Page) and one.place in graded
    ]
    hints = page_hints.read(store, context, products)
    speech = Speech(
        effect=EFFECT,
        unit=mark("times the calls after similar pages"),
        counted=mark("days of a customer with a view"),
        per_thousand=mark("calls per 1,000 views"),
        moment=mark("the view"),
        interval=lambda: say("gamma-Poisson, shrunk, with the spread among similar pages"),
        title=page_words.title,
        evidence=lambda family, page, told: paragraph(
            page_words.evidence_text(family, page, told), _hints(hints, page).sentences()
        ),
        caution=page_words.caution,
        extra=lambda family, page: _extra(family, page) | _hints(hints, page).record(),
    )
    return exposure_findings.find(store, context, [(family, speech) for family in families], KINDS)


def _hints(hints: Mapping[str | None, Hints], page: Subject) -> Hints:
    assert isinstance(page, Page)
    return hints[page.product]


def _extra(family: Family, page: Subject) -> dict[str, Any]:
    """What the note asks of pages (7): which it is, how surely calls are its own."""
    assert isinstance(page, Page)
    told = family.numbers["all"]
    is_strong = 2 * told["y_named"][page.number] >= told["y"][page.number]
    return {
        "page": page.address,
        "product": page.product,
        "match_quality": "strong" if is_strong else "weak_match",
    }
