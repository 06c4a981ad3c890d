"""The quiet time that parts two needs of a customer (method 2.2)."""

from __future__ import annotations

from collections import Counter

from ingest.site import Site
from ingest.store import Store

DEFAULT_GAP_DAYS = 7.0


def gap_free_days(site: Site, store: Store) -> tuple[float, str]:
    """The gap that parts two needs: configured, else the valley of log10 gaps between contacts, else 7 days (method
    2.2)."""
    configured = site.settings.journeys.gap_free_days
    if configured:
        return configured, "as configured"
    valley = valley_days(gaps_in_tenths(store))
    if valley is None:
        return DEFAULT_GAP_DAYS, "7 days: the gaps between contacts show no clear valley"
    return valley, "at the valley of the gaps between contacts"


def gaps_in_tenths(store: Store) -> Counter[int]:
    """How many gaps of more than half a day lie between a customer's visible events, by tenth of log10 days.

    Events are stored by customer and time, so the row before is the event before: no partition, no sort.
    """
    rows = store.rows(
        """select cast(floor(10 * log10(gap_s / 86400.0)) as integer) as tenth, count(*) as n from (
            select
                epoch(occurred_at - lag(occurred_at) over ()) as gap_s,
                customer_id = lag(customer_id) over () as is_of_one
            from event where visible and customer_id is not null
        ) where is_of_one and gap_s > 43200 group by tenth order by tenth"""
    )
    return Counter({int(tenth): int(n) for tenth, n in rows})


def valley_days(tenths: Counter[int]) -> float | None:
    """Where the histogram of gaps (in tenths of log10 days) dips between 1 and 30 days by 20 % of the lower peak, or
    None."""
    smooth = {t: tenths[t - 1] + tenths[t] + tenths[t + 1] for t in range(-3, 20)}
    if sum(tenths.values()) < 300:
        return None
    best = min(range(0, 15), key=lambda t: (smooth[t], t))
    left, right = max(smooth[t] for t in range(-3, best + 1)), max(smooth[t] for t in range(best, 20))
    dips = smooth[best] <= 0.8 * min(left, right) and 0 < best < 14
    return round(10 ** ((best + 0.5) / 10), 1) if dips else None
