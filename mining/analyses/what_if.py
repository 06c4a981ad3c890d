"""Scenarios of the site, reckoned through on today's calls (method note 9; mining/whatif).

A forecast is never confirmed: no customer was kept apart who could show what has not happened. It is a candidate, or it
can't be told. Decisions hold no forecasts.
"""

from __future__ import annotations

from typing import Any

from ingest.language import mark, say
from ingest.store import Store
from mining.context import Context
from mining.findings import Finding, identity, seed_of
from mining.whatif import words
from mining.whatif.forecast import CALLS_MIN, Forecast, forecasts

NAME = "what_if"
KINDS = ("whatif",)
SUMMARY = "scenarios reckoned through on today's calls: customers' minutes a need, waits, calls given up and repeated"
READS = ("event", "touch", "journey")

_JOURNEYS = """
    select j.journey_key
    from event as e inner join journey as j on j.customer_id = e.customer_id
        and e.occurred_at between j.started_at and j.ended_at
    where e.call_id is not null and e.visible and e.wait_ms is not null and j.is_complete"""


def find(store: Store, context: Context) -> list[Finding]:
    """One finding for each scenario; none on a decision, which tells of closed windows only."""
    if context.confirmed is None or not context.scenarios:
        return []
    found = forecasts(store, context, context.scenarios)
    return [_finding(store, context, one, len(found)) for one in found]


def status_of(forecast: Forecast) -> str:
    """not_enough_data, cannot_tell or candidate."""
    if forecast.result is None:
        return "not_enough_data"
    return "cannot_tell" if forecast.result["verdict"]["blocking_reason"] else "candidate"


def _finding(store: Store, context: Context, forecast: Forecast, m: int) -> Finding:
    scenario, calls, result = forecast.scenario, forecast.reading.calls, forecast.result
    where = {"scenario": scenario.scenario}
    seed, status = seed_of(identity("whatif", where)), status_of(forecast)
    customers = len({*calls.customer[calls.customer >= 0].tolist()})
    told = result["told"] if result else None
    journeys = _evidence(store, context, seed) if customers >= context.method.small_cell_customers else {}
    fitted, parted, end = (forecast.day(week).isoformat() for week in (0, forecast.fit_weeks, calls.weeks))
    nothing = say("a forecast takes no minutes of today's customers")
    return Finding(
        kind="whatif",
        status=status,
        grade="C" if status == "candidate" else "D",
        where=where,
        window=context.window
        | {"fitted_from": fitted, "fitted_weeks": forecast.fit_weeks, "held_from": parted, "held_to": end},
        n={
            "units": calls.n_calls,
            "unit": mark("calls"),
            "customers": customers,
            "journeys": int(store.value(f"select count(distinct journey_key) from ({_JOURNEYS})") or 0),
            "exposed": calls.n_calls,
            "events": calls.n,
            "sample": "all",
            "n_needed": CALLS_MIN if result is None else None,
        },
        effect={
            "name": mark("minutes of a customer's time for a need, less today's"),
            "value": told["value"] if told else None,
            "unit": mark("minutes a need"),
            "baseline": 0.0,
            "direction": "down" if told and told["value"] < 0 else "up",
        },
        ci={
            "low": told["low"],
            "high": told["high"],
            "level": 0.95,
            "method": mark("paired runs, parameters drawn anew"),
        }
        if told
        else {"reason": say("not reckoned")},
        cost={
            **dict.fromkeys(("customer_min_per_week", "company_min_per_week", "money_per_week")),
            "basis": {},
            "reason": dict.fromkeys(("customer_min_per_week", "company_min_per_week", "money_per_week"), nothing),
        },
        evidence={
            "typical": journeys.get("typical", []),
            "extreme": [],
            "counter": journeys.get("counter", []),
            "sql": f"{_JOURNEYS.strip()} group by j.journey_key order by j.journey_key",
            "seed": seed,
        },
        robustness={"without_top_1pct_customers": {"reason": say("a model of all calls")}, "sign_stable": None},
        title=words.title(forecast, status),
        text_evidence=words.evidence(forecast),
        text_caution=words.caution(forecast),
        family="whatif",
        m=m,
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        extra=_extra(forecast) | {"agent_hour": context.agent_hour, "currency": context.currency},
    )


def _extra(forecast: Forecast) -> dict[str, Any]:
    """What the page shows and the note asks for (9): assumptions, mechanical effect, break-even, gate, replications."""
    scenario, result = forecast.scenario, forecast.result
    comparison = result["comparison"] if result else None
    return {
        "scenario": scenario.model_dump(mode="json"),
        "assumptions": [{"name": name, **one.model_dump()} for name, one in scenario.assumptions.items()],
        "mechanical_effect": comparison["differences"].get("neutral", {}).get("min_per_need") if comparison else None,
        "replications": scenario.replications,
        "crn": True,
        "weeks": forecast.reading.calls.weeks,
        "n_calls": forecast.reading.calls.n_calls,
        "lines": list(forecast.reading.calls.stations),
        "left_out": list(forecast.reading.left_out),
        "obstacles": [
            {
                "change": one.label,
                "day": one.day.isoformat(),
                "lines": list(one.lines),
                "since": one.since.isoformat(),
                "weeks": one.weeks,
                "told_from": one.told_from.isoformat(),
            }
            for one in forecast.part.obstacles
        ],
        "forecast": result,
        "blocking_reason": result["verdict"]["blocking_reason"] if result else None,
        "what_would_settle_it": result["verdict"]["what_would_settle_it"] if result else None,
    }


def _evidence(store: Store, context: Context, seed: int) -> dict[str, list[str]]:
    """Journeys with calls of the kind that the model runs, and journeys without, by a stored seed."""
    method = context.method
    drawn = f"order by hash(journey_key || '{seed}'), journey_key limit"
    with_calls = f"select distinct journey_key from ({_JOURNEYS})"
    return {
        "typical": [row[0] for row in store.rows(f"{with_calls} {drawn} {method.n_typical}")],
        "counter": [
            row[0]
            for row in store.rows(
                f"""select journey_key from journey where is_complete and journey_key not in ({with_calls})
                {drawn} {method.n_counter}"""
            )
        ],
    }
