"""One good finding record, to be spoilt in one place at a time."""

from __future__ import annotations

from typing import Any

from mining.findings import Finding

GOOD: dict[str, Any] = {
    "kind": "loop.self",
    "status": "confirmed",
    "grade": "D",
    "where": {"cycle": ["pay"]},
    "window": {"from": "2026-01-01", "to": "2026-03-01", "weeks": 8.4},
    "n": {"units": 200, "unit": "closed journeys", "journeys": 40, "customers": 35, "exposed": 200, "sample": "all"},
    "effect": {"name": "share", "value": 0.2, "unit": "share"},
    "ci": {"low": 0.15, "high": 0.26, "level": 0.95, "method": "Wilson score"},
    "cost": {
        "customer_min_per_week": {"low": 1, "mid": 2, "high": 3, "unit": "min/week"},
        "company_min_per_week": None,
        "money_per_week": None,
        "basis": {"customer_min_per_week": "measured"},
        "reason": {"company_min_per_week": "none", "money_per_week": "none"},
    },
    "evidence": {"typical": ["k1"], "extreme": [], "counter": ["k2"], "sql": "select 1", "seed": 1},
    "robustness": {"sign_stable": True},
    "title": '"Pays" came again in 20.0 % [15.0 to 26.0 %] of journeys',
    "text_evidence": "40 of 200.",
    "text_caution": "A count.",
    "family": "loop",
    "m": 0,
    "config_hash": "c",
    "input_hash": "i",
}


def made(**changes: Any) -> Finding:
    return Finding(**{**GOOD, **changes})
