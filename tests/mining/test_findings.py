"""The record: what it refuses, its identity, its labels over nights, its export. And the statistics behind it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records_made import GOOD, made

from ingest.store import Store
from mining import register
from mining.findings import FindingError, identity
from mining.method import Method
from mining.statistics import benjamini_hochberg, binomial_above, bootstrap_sum, entropy_bits, holm, wilson

NIGHT = dt.date(2026, 3, 1)


def without(part: str, key: str) -> dict[str, Any]:
    return {part: {k: v for k, v in GOOD[part].items() if k != key}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "loop.round"}, "kind is 'loop.round'"),
        ({"status": "sure"}, "status is 'sure'"),
        ({"grade": "E"}, "grade is 'E'"),
        (without("n", "customers"), "n has no 'customers'"),
        ({"ci": {}}, "no interval"),
        (without("effect", "unit"), "effect has no 'unit'"),
        ({"effect": {"name": "x", "value": 1, "unit": ""}, "ci": {"reason": "r"}}, "without a unit"),
        (without("evidence", "sql"), "evidence has no 'sql'"),
        ({"evidence": {**GOOD["evidence"], "typical": []}}, "without evidence"),
        (without("window", "to"), "window has no 'to'"),
        ({"status": "not_enough_data"}, "without n_needed"),
        ({"p": 1.5}, "not a probability"),
        ({"cost": {**GOOD["cost"], "reason": {}}}, "null without a reason"),
        ({"cost": {**GOOD["cost"], "basis": {}}}, "no basis"),
        ({"title": "It happens because of the form"}, "must not say 'because'"),
        ({"title": "Saves 3 minutes"}, "must not say 'Saves'"),
        ({"text_evidence": "Due to the form."}, "must not say 'Due to'"),
        ({"title": "20 % of journeys repeat"}, "without its interval"),
        ({"effect": {"name": "x", "value": 0.5, "unit": "share"}}, "outside its interval"),
        ({"title": ""}, "title is empty"),
    ],
)
def test_an_incomplete_record_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FindingError, match="bug of the analysis") as caught:
        made(**changes)
    assert message in str(caught.value)


def test_labels_may_hold_any_word() -> None:
    assert made(title='"Because of a refund" came again in 20.0 % [15.0 to 26.0 %] of journeys').title
    assert made(grade="B", title="Most likely caused by it").title


def test_identity_is_the_place_not_the_numbers() -> None:
    one = made()
    assert (
        one.finding_id
        == made(effect={"name": "share", "value": 0.21, "unit": "share"}).finding_id
        == identity("loop.self", {"cycle": ["pay"]})
    )
    assert len(one.finding_id) == 16 and one.finding_id != made(where={"cycle": ["ship"]}).finding_id
    assert identity("merge", {"a": 1, "b": 2}) == identity("merge", {"b": 2, "a": 1})


def test_labels_and_history_over_nights(store: Store, tmp_path: Path) -> None:
    register.prepare(store)
    pay, ship, late = (
        made(),
        made(
            where={"cycle": ["ship"]}, cost={**GOOD["cost"], "customer_min_per_week": {"low": 5, "mid": 9, "high": 12}}
        ),
        made(where={"cycle": ["late"]}),
    )
    nights = [NIGHT + dt.timedelta(days=n) for n in range(3)]
    register.save(store, [pay, ship], nights[0])
    assert store.rows("select no_label, where_json ->> '$.cycle[0]' from finding order by rank_no") == [
        ("F-01", "ship"),
        ("F-02", "pay"),
    ]
    register.save(store, [pay, late], nights[1])
    assert dict(store.rows("select where_json ->> '$.cycle[0]', no_label from finding")) == {
        "pay": "F-02",
        "late": "F-03",
    }
    register.save(store, [pay, ship, late], nights[2])
    rows = {
        row[0]: row[1:]
        for row in store.rows("select where_json ->> '$.cycle[0]', no_label, first_seen, last_seen from finding")
    }
    assert rows == {
        "ship": ("F-01", nights[0], nights[2]),
        "pay": ("F-02", nights[0], nights[2]),
        "late": ("F-03", nights[1], nights[2]),
    }
    register.export(store, tmp_path / "one.json")
    before = store.rows("from finding_history order by all")
    register.prepare(store)
    register.save(store, [late, ship, pay], nights[2])
    register.export(store, tmp_path / "two.json")
    assert store.rows("from finding_history order by all") == before and len(before) == 7
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    exported = json.loads((tmp_path / "one.json").read_text())
    assert exported[0]["no_label"] == "F-01" and exported[0]["where"] == {"cycle": ["ship"]}
    assert sorted(record["no_label"] for record in exported) == ["F-01", "F-02", "F-03"]
    with pytest.raises(ValueError, match="one identity"):
        register.save(store, [pay, pay], nights[2])


def test_no_finding_is_a_result(store: Store, tmp_path: Path) -> None:
    register.prepare(store)
    register.save(store, [], NIGHT)
    register.export(store, tmp_path / "f.json")
    assert json.loads((tmp_path / "f.json").read_text()) == []


def test_config_hash_follows_every_number() -> None:
    base = Method()
    assert base.config_hash() == Method().config_hash() != replace(base, confirm_alpha=0.01).config_hash()
    assert base.config_hash({"agent_hour": 38.0}) != base.config_hash({"agent_hour": None})


def test_statistics_against_known_values() -> None:
    assert wilson(95, 100) == pytest.approx((0.8882, 0.9785), abs=1e-4)
    assert wilson(0, 300)[1] == pytest.approx(0.0126, abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    assert binomial_above(5, 100, 0.02) == pytest.approx(0.0508, abs=1e-4)
    assert binomial_above(0, 100, 0.02) == 1.0
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert entropy_bits([50, 50]) == pytest.approx(1 + 1 / (200 * np.log(2)))


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=200), st.integers(0, 2**31))
def test_bootstrap_is_repeatable_and_holds_the_total(values: list[int], seed: int) -> None:
    array = np.array(values, dtype=np.int64)
    low, high = bootstrap_sum(array, seed, 300, 10_000)
    assert (low, high) == bootstrap_sum(array, seed, 300, 10_000)
    assert low <= array.sum() * 1.0000001 or len(values) < 20
    if len(values) >= 30 and array.std() < array.mean():
        normal = bootstrap_sum(array, seed, 300, 1)
        assert normal == pytest.approx((low, high), rel=0.35)
