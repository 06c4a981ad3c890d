"""Needs: when which customer wants what. A Poisson process with a gamma-distributed rate for each customer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from world_catalog import PRODUCT_WEIGHTS
from world_config import DAY_S, Config, weekday
from world_random import stream
from world_record import Needs

KIND_SHARES = (0.47, 0.14, 0.32, 0.07)  # of browse, cart, web, phone
ORDER_SHARES = (0.0, 0.0, 1.0, 0.0)
WEEKDAY_WEIGHT = (1.0, 0.95, 0.95, 1.0, 0.9, 1.05, 1.25)  # Monday first: Sunday is for browsing
HOUR_WEIGHT = (
    2, 1, 0.5, 0.3, 0.3, 0.6, 2, 4, 6, 7, 8, 8, 8, 7, 7, 7, 8, 9, 10, 12, 14, 13, 9, 5,
)  # fmt: skip
ASK_SHAPE = 0.44  # of the gamma distribution: coefficient of variation 1.5
ACTIVITY_SHAPE = 1.3  # of the gamma distribution: coefficient of variation 0.88


def make_needs(config: Config) -> Needs:
    """All needs that start in the recorded days, sorted by start (then by draw)."""
    rng = stream(config.seed, "needs")
    mean = config.needs_per_customer * config.days / 60
    activity = rng.gamma(ACTIVITY_SHAPE, 1 / ACTIVITY_SHAPE, config.customers)
    counts = rng.poisson(activity * mean)
    person = np.repeat(np.arange(config.customers), counts)
    n = len(person)
    start = config.start_s + _days(config, rng, n) * DAY_S + _seconds(rng, n)
    shares = ORDER_SHARES if config.only_orders else KIND_SHARES
    kind = np.searchsorted(np.cumsum(shares), rng.random(n), side="right").clip(0, len(KIND_SHARES) - 1)
    asker, asks_s = _asks(config)
    person, start = np.concatenate([person, asker]), np.concatenate([start, asks_s])
    kind = np.concatenate([kind, np.full(len(asker), len(KIND_SHARES))])
    weights = np.array(PRODUCT_WEIGHTS)
    product = np.searchsorted(weights, rng.random(n) * weights[-1], side="right").clip(0, len(weights) - 1)
    product = np.concatenate([product, np.zeros(len(asker), product.dtype)])
    order = np.lexsort((np.arange(len(start)), start))
    return Needs(
        person=person[order].tolist(),
        kind=kind[order].tolist(),
        start_s=start[order].tolist(),
        product=product[order].tolist(),
    )


def _days(config: Config, rng: np.random.Generator, n: int) -> npt.NDArray[np.int64]:
    """Local day of each need, 0-based: week shape times noise of the week."""
    first = weekday(config.start_s)
    noise = rng.uniform(0.9, 1.1, config.days // 7 + 2) * _weeks(config)
    weights = [WEEKDAY_WEIGHT[(first + day) % 7] * noise[(first + day) // 7] for day in range(config.days)]
    sums = np.cumsum(weights)
    day: npt.NDArray[np.int64] = np.searchsorted(sums, rng.random(n) * sums[-1], side="right")
    return day.clip(0, config.days - 1)


def _weeks(config: Config) -> npt.NDArray[np.float64]:
    """Factor of each week: drift, and noise that remembers half of the week before."""
    rng, n = stream(config.seed, "weeks"), config.days // 7 + 2
    noise, factor = 0.0, np.ones(n)
    for week in range(n):
        noise = 0.5 * noise + np.sqrt(0.75) * float(rng.normal(0.0, 1.0))
        factor[week] = (1 + config.drift_per_week) ** week * np.exp(config.week_noise * noise)
    return factor


def _asks(config: Config) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(person, start) of the calls for no other reason, at a rate of each customer's own that stays the same."""
    rng = stream(config.seed, "asks")
    mean = config.plants.asks_per_customer * config.days / 60
    activity = rng.gamma(ASK_SHAPE, 1 / ASK_SHAPE, config.customers)
    person = np.repeat(np.arange(config.customers), rng.poisson(activity * mean))
    return person, config.start_s + rng.integers(0, config.days * DAY_S, len(person))


def _seconds(rng: np.random.Generator, n: int) -> npt.NDArray[np.int64]:
    """Second of the local day of each need."""
    sums = np.cumsum(HOUR_WEIGHT)
    hour: npt.NDArray[np.int64] = np.searchsorted(sums, rng.random(n) * sums[-1], side="right")
    return hour.clip(0, 23) * 3600 + rng.integers(0, 3600, n)
