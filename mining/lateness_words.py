"""What a finding about waits says, in sentences for a manager."""

from __future__ import annotations

from typing import Any

from mining.context import Context
from mining.deviation_words import CAUTIONS
from mining.evidence import Reach
from mining.rates import Rate, count_text, share_text

_UNITS = ((86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes"), (1000, "seconds"))


def span_text(ms: float) -> str:
    """A span of time in the largest unit of which there are at least two: '3.2 days', '40 minutes'."""
    size, name = next(((size, name) for size, name in _UNITS if ms >= 2 * size), _UNITS[-1])
    value = ms / size
    return f"{value:.1f} {name}" if value < 10 else f"{value:,.0f} {name}"


def title(context: Context, where: dict[str, Any], limit_ms: float, share: float, ci: dict[str, Any]) -> str:
    """One sentence with the share of late waits, its interval and the limit."""
    return (
        f"{share_text(share, ci)} of the waits from {context.label(where['prev'])} to {context.label(where['step'])}, "
        f"begun in {where['hours']}, took longer than {span_text(limit_ms)}"
    )


def evidence_text(rate: Rate, sample: str, reach: Reach, extra: dict[str, Any]) -> str:
    """How many, of whom, and what is usual."""
    if sample == "all":
        counted = (
            f"Late were {count_text(rate.hits['all'])} of {count_text(rate.n['all'])} waits that ended in these four "
            f"weeks, of {reach.customers:,} customers."
        )
    else:
        counted = (
            f"Of the customers kept apart for checking {count_text(rate.hits[sample])} of {count_text(rate.n[sample])} "
            f"waits were late; in all {count_text(rate.hits['all'])} of {count_text(rate.n['all'])}, "
            f"of {reach.customers:,} customers."
        )
    before = 100 * extra["baseline_share"]
    return (
        f"{counted} Half of the {extra['n_baseline']:,} waits of the eight weeks before took up to "
        f"{span_text(extra['usual_ms'])}; {before:.1f} % of them lasted longer than {span_text(extra['limit_ms'])}. "
        f"Waiting beyond that came to {extra['beyond_hours_per_week']:,.0f} hours a week."
    )


def caution(status: str, needed: int, *, has_usual_tail: bool) -> str:
    """What to keep in mind before acting on it."""
    texts = {
        **CAUTIONS,
        "cannot_tell": (
            "Such waits have more than one usual length, and no more of the long ones came than before."
            if has_usual_tail
            else "More than one in a hundred were late, but so few that it may be chance."
        ),
        "not_enough_data": f"Not enough data: about {needed:,} waits in four weeks would be needed to say more.",
        "confirmed": "Late means far beyond what was usual before, not beyond a promise: nobody stated one.",
    }
    return texts[status]
