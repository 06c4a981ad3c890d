"""Findings over the nights: decided every fourth Monday, withdrawn after two misses, never promoted by a night."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records_made import made

from ingest.errors import ConfigError
from ingest.store import Store
from mining import accepted, decisions, register
from mining.context import Context
from mining.decisions import Decision, Standing, alerts, carried, date_for, standing, window_of
from mining.findings import Finding
from mining.method import Method

MONDAY = dt.date(2026, 1, 5)
WEEKS = [MONDAY + dt.timedelta(weeks=4 * k) for k in range(6)]


def record(low: float, high: float) -> dict[str, Any]:
    return {"ci": {"low": low, "high": high}, "robustness": {}}


def frame_of(day: dt.date, config_hash: str) -> Context:
    """The frame of a decision on `day`."""
    method = Method()
    return Context(method, day - dt.timedelta(weeks=8), day, {}, None, "EUR", None, config_hash, "input")


def said(*statuses: str | None, intervals: dict[int, tuple[float, float]] | None = None) -> Standing:
    at = intervals or {}
    return standing(
        Decision(day, status, None if status is None else record(*at.get(k, (0.1, 0.2))))
        for k, (day, status) in enumerate(zip(WEEKS, statuses, strict=False))
    )


def test_decisions_fall_on_every_fourth_monday() -> None:
    assert date_for(dt.date(2026, 3, 1)) == dt.date(2026, 3, 2), "the night that ends before that Monday's morning"
    assert date_for(dt.date(2026, 2, 28)) == dt.date(2026, 2, 2)
    assert date_for(dt.date(2025, 12, 30)) == dt.date(2025, 12, 8), "before the first one the count goes backwards"
    days = {date_for(MONDAY + dt.timedelta(days=k)) for k in range(365)}
    assert all(day.weekday() == 0 for day in days) and len(days) in (13, 14)


def test_a_decision_needs_four_weeks_of_data() -> None:
    assert window_of(WEEKS[2], WEEKS[0], 56) == (WEEKS[0], WEEKS[2])
    assert window_of(WEEKS[2], WEEKS[1], 56) == (WEEKS[1], WEEKS[2])
    assert window_of(WEEKS[2], WEEKS[1] + dt.timedelta(days=1), 56) is None


@pytest.mark.parametrize(
    ("statuses", "confirmed", "events"),
    [
        (("candidate", "candidate"), False, []),
        (("confirmed",), True, ["confirmed"]),
        (("confirmed", "below_tolerance"), True, ["confirmed"]),
        (("confirmed", None, None), False, ["confirmed", "withdrawn"]),
        (("confirmed", None, "candidate", None), True, ["confirmed"]),
        (("confirmed", None, "cannot_tell", None), False, ["confirmed", "withdrawn"]),
        (("confirmed", "not_enough_data", "cannot_tell"), True, ["confirmed"]),
        (("confirmed", None, None, "confirmed"), True, ["confirmed", "withdrawn", "confirmed"]),
        (("confirmed", "confirmed", "confirmed"), True, ["confirmed"]),
    ],
)
def test_what_becomes_of_made(statuses: tuple[str | None, ...], confirmed: bool, events: list[str]) -> None:
    now = said(*statuses)
    assert now.is_confirmed is confirmed
    assert [what for _, what, _ in now.events] == events


def test_a_change_is_told_only_when_the_intervals_part() -> None:
    assert [e[1:] for e in said("confirmed", "confirmed", intervals={1: (0.19, 0.4)}).events] == [("confirmed", "")]
    up = said("confirmed", "confirmed", intervals={1: (0.21, 0.4)})
    assert [e[1:] for e in up.events] == [("confirmed", ""), ("changed", "up")]


@given(st.lists(st.sampled_from(["confirmed", "candidate", "below_tolerance", "cannot_tell", None]), max_size=6))
def test_confirmed_and_withdrawn_take_turns(statuses: list[str | None]) -> None:
    now = said(*statuses)
    turns = [what for _, what, _ in now.events if what != "changed"]
    assert turns == (["confirmed", "withdrawn"] * 6)[: len(turns)]
    assert now.is_confirmed == (len(turns) % 2 == 1)
    if "confirmed" not in statuses:
        assert not turns


def test_a_decision_once_held_stands_and_a_changed_rule_holds_it_anew(store: Store) -> None:
    register.prepare(store)
    frame = frame_of(WEEKS[2], "rules of then")
    night = WEEKS[2] - dt.timedelta(days=1)
    decisions.write(store, frame, night, [made(status="confirmed")])
    later = night + dt.timedelta(days=9)
    assert decisions.is_held(store, WEEKS[2], later, "rules of then")
    assert not decisions.is_held(store, WEEKS[2], later, "rules of now")
    assert not decisions.is_held(store, WEEKS[2], night, "rules of then"), "the same night again: the same answer again"
    decisions.write(store, frame, night, [made(status="candidate")])
    assert not decisions.read(store, later), "the second writing replaced the first"


def test_a_finding_that_is_lost_is_carried_on_and_one_withdrawn_is_told_once(store: Store) -> None:
    register.prepare(store)
    cuts = {"half_gap": {"reason": "none"}, "double_gap": {"reason": "none"}}
    finding = made(status="confirmed", robustness={"sign_stable": True, **cuts})
    for day, found in zip(WEEKS[2:5], ([finding], [], []), strict=True):
        decisions.write(store, frame_of(day, "rules"), day, found)
    by_night = {}
    for day in (*WEEKS[2:5], WEEKS[5]):
        if day == WEEKS[5]:
            decisions.write(store, frame_of(day, "rules"), day, [])
        standings = decisions.read(store, day)
        by_night[day] = carried([], standings, date_for(day))
    assert [one.status for one in by_night[WEEKS[3]]] == ["cannot_tell"], "one miss withdraws nothing"
    assert "Not found tonight" in by_night[WEEKS[3]][0].text_caution
    assert [one.status for one in by_night[WEEKS[4]]] == ["withdrawn"]
    assert by_night[WEEKS[5]] == [], "told once"
    register.save(store, by_night[WEEKS[4]], WEEKS[4])
    assert store.rows("select status from finding") == [("withdrawn",)]


def test_a_night_confirms_nothing_by_itself() -> None:
    frame = frame_of(WEEKS[2], "rules")
    assert frame.status("a", "confirmed") == "confirmed", "on a decision the tests have the say"
    tonight = replace(frame, confirmed=frozenset({"b"}))
    assert tonight.status("a", "confirmed") == "candidate"
    assert tonight.status("a", "cannot_tell") == "cannot_tell"
    assert tonight.status("b", "below_tolerance") == "confirmed", "only a decision withdraws"


def test_alerts_are_what_happened_on_the_decision_itself() -> None:
    both = {"a": said("confirmed", None, None), "b": said("candidate", "confirmed")}
    assert alerts(both, WEEKS[0]) == [("a", "confirmed", "")]
    assert alerts(both, WEEKS[1]) == [("b", "confirmed", "")]
    assert [what for _, what, _ in alerts(both, WEEKS[2])] == ["withdrawn"]


def test_the_record_survives_being_kept(store: Store) -> None:
    register.prepare(store)
    finding = made(status="confirmed")
    decisions.write(store, frame_of(WEEKS[2], "rules"), WEEKS[2], [finding])
    kept = decisions.read(store, WEEKS[2])[finding.finding_id].last
    assert kept is not None and kept["evidence"]["typical"] == [] == kept["evidence"]["counter"], "no journeys"
    assert Finding(**kept | {"evidence": finding.evidence}) == finding
    assert {**asdict(finding), "evidence": None} == {**kept, "evidence": None}


def test_what_the_business_accepts_is_told_on_and_wakes_nobody(tmp_path: Path, store: Store) -> None:
    register.prepare(store)
    path = tmp_path / "accepted.toml"
    path.write_text('[[accepted]]\nfinding = "F-01"\nsince = 2026-02-01\nreason = "we know"\n[[accepted]]\n'
                    'finding = "F-77"\nsince = 2026-02-01\nreason = "gone"\n', encoding="utf-8")  # fmt: skip
    finding = made(status="confirmed")
    register.save(store, [finding], MONDAY)
    known, unknown = accepted.by_id(accepted.load(path), register.labels(store))
    assert list(known) == [finding.finding_id] and unknown == ["F-77"]
    standings = {finding.finding_id: said("confirmed")}
    assert alerts(standings, WEEKS[0]) and not alerts(standings, WEEKS[0], known)
    told = carried([finding], standings, WEEKS[0], known)[0]
    assert told.status == "confirmed" and told.extra["standing"]["accepted"]["reason"] == "we know"
    decisions.write_ledger(store, standings, known)
    assert store.rows("select what from finding_ledger order by happened_on") == [("confirmed",), ("accepted",)]


def test_a_wrong_acceptance_names_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    assert accepted.load(path) == []
    path.write_text('[[accepted]]\nfinding = "the loop"\nsince = 2026-02-01\nreson = "x"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="did you mean 'reason'"):
        accepted.load(path)
