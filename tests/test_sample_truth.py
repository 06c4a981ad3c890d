"""The sample world through the whole of ingest, against what was planted: who is who, and which events are one need.

Scores are over pairs of visible events. Precision: of the pairs put together, the share that truly belong together.
Recall: of the pairs that truly belong together, the share put together; logged-out and cookie-less visits bound it
from above.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import pytest

from ingest.derive import derive
from ingest.load import load
from ingest.site import Site
from ingest.store import Store

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
sys.path.insert(0, str(Path(__file__).parent / "worldgen"))
from identity_score import Truth, score  # noqa: E402


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[int, int, int, int]], Any]:
    """(customer, true person, journey, true need) per visible event that the truth knows; and the identity scores."""
    root = tmp_path_factory.mktemp("sample") / "site"
    shutil.copytree(SAMPLE, root, ignore=shutil.ignore_patterns("var", "reports", "exports"))
    site = Site(root)
    site.prepare()
    with Store.open(site.warehouse) as store:
        load(site, store)
        derive(site, store, None)
        rows = store.rows(
            """select s.name, cast(epoch(e.occurred_at) as bigint), split_part(e.raw_code, ' ', 2), e.call_id, e.order_id, e.customer_id, a.journey_id
            from event as e inner join source as s using (source_id)
            inner join assigned as x using (event_no)
            inner join journey as a on a.customer_id = x.customer_id and a.order_id is not distinct from x.order_id and a.episode is not distinct from x.episode"""
        )
        identity = score(store, SAMPLE)
    truth = Truth(SAMPLE)
    found = []
    for source, at, path, call_id, order_id, customer, journey in rows:
        if (known := truth.of(source, at, path, call_id, order_id)) is not None:
            found.append((customer, known[0], journey, known[1]))
    assert len(found) > 0.95 * len(rows), "the truth knows nearly every visible event"
    return found, identity


@pytest.fixture(scope="module")
def scored(sample: tuple[list[tuple[int, int, int, int]], Any]) -> list[tuple[int, int, int, int]]:
    return sample[0]


def pair_scores(pairs: Iterable[tuple[Hashable, Hashable]]) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of items, each item given as (found group, true group)."""
    both, found, true = Counter(pairs), Counter(), Counter()
    for (a, b), n in both.items():
        found[a] += n
        true[b] += n
    choose = lambda counts: sum(n * (n - 1) // 2 for n in counts.values())  # noqa: E731
    precision, recall = choose(both) / choose(found), choose(both) / choose(true)
    return precision, recall, 2 * precision * recall / (precision + recall)


def test_customers_are_not_merged(
    sample: tuple[list[tuple[int, int, int, int]], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    scored, identity = sample
    precision, recall, _ = pair_scores((customer, person) for customer, person, _, _ in scored)
    largest = max(Counter(customer for customer, *_ in scored).values())
    people = max(Counter(customer for customer, _ in {(c, p) for c, p, *_ in scored}).values())
    with capsys.disabled():
        print(f"\nsample identity: {identity}, largest customer {largest} events, at most {people} people in one")
    assert (identity.precision, identity.recall) == (precision, recall)
    assert identity.recall_of_recoverable >= 0.9 and identity.largest_wrong <= 100
    assert precision >= 0.98
    assert recall >= 0.5


def test_journeys_follow_needs(scored: list[tuple[int, int, int, int]], capsys: pytest.CaptureFixture[str]) -> None:
    precision, recall, f1 = pair_scores((journey, need) for _, _, journey, need in scored)
    with capsys.disabled():
        print(f"\nsample journeys: pair precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}")
    assert f1 >= 0.8


def test_pair_scores_by_hand() -> None:
    # found {a,a,a},{b}; true {x,x},{y,y}: pairs found 3, of them true 1; true pairs 2
    assert pair_scores([("a", "x"), ("a", "x"), ("a", "y"), ("b", "y")])[:2] == (1 / 3, 1 / 2)
