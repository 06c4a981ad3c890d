"""A scenario in words: what would be, on what it hangs, what may not be said and what would settle it (9.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.language import mark, say
from mining.context import quoted
from mining.sentences import all_of, paragraph
from mining.whatif import verdict
from mining.whatif.comparing import GRID
from mining.whatif.forecast import CALLS_MIN, Forecast
from mining.whatif.reading import WEEKS_MIN

ASSUMPTIONS = {
    "inbound_factor": mark("needs that arise, times today's"),
    "repeat_factor": mark("further calls after an answer, times today's"),
    "service_factor": mark("length of an executive's calls, times today's"),
    "order_uplift": mark("more orders, as a share of today's"),
    "order_channel_shift": mark("orders that move to the executive's phone, as a share"),
    "callback_accept": mark("callers who take the call-back, as a share"),
    "callback_reach": mark("call-backs that reach the customer, as a share"),
    "page_calls_factor": mark("calls that still follow the page, times today's"),
    "menu_seconds": mark("seconds of the phone menu that fall away"),
    "misrouted_share": mark("calls that reach the wrong desk first, as a share"),
}
REASONS = {
    verdict.DRIFT: mark(
        "The last weeks differ from those before by more than chance: the process changed, and there is no forecast."
    ),
    verdict.UNFIT: mark(
        "The model does not tell the weeks that were kept from it; so it is not believed on a changed world."
    ),
    verdict.UNSTABLE: mark("More work would come than can be done: waits would grow without end, and no mean exists."),
    verdict.OUTSIDE: mark(
        "The scenario lies too far from what was ever observed: the log says nothing about such a day."
    ),
    verdict.INFERRED: mark(
        "How many agents there are is only inferred from calls, and they are busy more than nine tenths of the time."
    ),
    verdict.UNSOURCED: mark("An assumption that nobody stands for decides whether customers gain or lose."),
    verdict.UNCERTAIN: mark("The interval holds both gain and loss, and is wider than the smallest difference of use."),
}
"""Why it can't be told."""
_TITLES = {
    "more": mark(
        "With \"{label}\" a need would take {minutes} [{low} to {high}] minutes more of a customer's time than today's "
        "{today}"
    ),
    "fewer": mark(
        "With \"{label}\" a need would take {minutes} [{low} to {high}] minutes less of a customer's time than today's "
        "{today}"
    ),
    "cannot_tell": mark("Whether \"{label}\" would take more or less of customers' time can't be told"),
    "not_enough_data": mark('Not enough data to reckon "{label}" through'),
}


def title(forecast: Forecast, status: str) -> str:
    """One sentence, with the interval where there is one."""
    label = forecast.scenario.label.replace('"', "'")
    if status in ("cannot_tell", "not_enough_data") or forecast.result is None:
        return say(_TITLES[status], label=label)
    told, today = forecast.result["told"], forecast.result["comparison"]["measures"]["today"]["min_per_need"]
    low, high = sorted(abs(told[end]) for end in ("low", "high"))
    if told["low"] <= 0 <= told["high"]:
        low = -low
    return say(
        _TITLES["more" if told["value"] > 0 else "fewer"],
        label=label,
        minutes=f"{abs(told['value']):.2f}",
        low=f"{low:.2f}",
        high=f"{high:.2f}",
        today=f"{today:.2f}",
    )


def evidence(forecast: Forecast) -> str:
    """The three parts of the answer: mechanical, what it hangs on, what would settle it."""
    calls = forecast.reading.calls
    if forecast.result is None:
        return say(
            "{n} calls in {weeks} full weeks were read; {calls} calls in {least} weeks are needed.",
            n=f"{calls.n_calls:,}",
            weeks=calls.weeks,
            calls=f"{CALLS_MIN:,}",
            least=WEEKS_MIN,
        )
    comparison, verdict_ = forecast.result["comparison"], forecast.result["verdict"]
    sentences = [
        say(
            "{n} calls of {weeks} full weeks; the model was fitted on the first {fit} and held against the rest.",
            n=f"{calls.n_calls:,}",
            weeks=calls.weeks,
            fit=forecast.fit_weeks,
        )
    ]
    differences = comparison["differences"]
    if "neutral" in differences:
        sentences.append(
            say(
                "Where customers go on behaving as today, the difference is {minutes} minutes a need.",
                minutes=signed(differences["neutral"]["min_per_need"]),
            )
        )
    if "mid" in differences:
        sentences.append(
            say(
                "At the middle of what is assumed it is {minutes} minutes.",
                minutes=signed(differences["mid"]["min_per_need"]),
            )
        )
    if "best" in differences and "worst" in differences:
        sentences.append(
            say(
                "Over the whole range of what is assumed it goes from {best} to {worst} minutes.",
                best=f"{differences['best']['min_per_need']['value']:+.2f}",
                worst=f"{differences['worst']['min_per_need']['value']:+.2f}",
            )
        )
    sentences.append(breakeven(forecast.scenario.kind, verdict_["breakeven"], comparison["grid"]))
    return paragraph(*sentences)


def breakeven(kind: str, crossing: float | None, grid: list[list[float]]) -> str:
    """Where the difference is nothing, all other assumptions neutral; '' for changes that can't turn round."""
    if kind not in GRID or not grid:
        return ""
    (first, _), _ = GRID[kind]
    if crossing is None:
        always = max(cell[2] for cell in grid) < 0
        return (
            say("It pays at every point that was tried.")
            if always
            else say("No point that was tried with all else as today makes it pay.")
        )
    if first == "inbound_factor":
        return say(
            "It pays only if needs fall by at least {share} %, all else as today; today's data can't tell whether they "
            "would.",
            share=f"{100 * (1 - crossing):.0f}",
        )
    return say(
        "It pays only while at most {share} % of calls reach the wrong desk first.", share=f"{100 * crossing:.0f}"
    )


def caution(forecast: Forecast) -> str:
    """What blocks it, what would settle it, and what no log can say."""
    if forecast.result is None:
        if forecast.lacking is not None:
            return say("The scenario names {queue}, which has too few calls or none.", queue=quoted(forecast.lacking))
        return say("A forecast of so few calls would tell chance.")
    verdict_ = forecast.result["verdict"]
    told = [say(REASONS[verdict_["blocking_reason"]])] if verdict_["blocking_reason"] else []
    if verdict_["unsourced"]:
        names = all_of([say(ASSUMPTIONS[name]) for name in verdict_["unsourced"]])
        told.append(say("Nobody stands for: {names}.", names=names))
    told.append(settle(verdict_["what_would_settle_it"]))
    if forecast.result["fit"]["capacity_inferred"]:
        told.append(say("How many agents there are is inferred from the calls they had."))
    told.append(say("A forecast of a model, not an observation: only a trial shows how customers behave then."))
    return paragraph(*told)


def settle(pilot: Mapping[str, Any] | None) -> str:
    """The trial that would tell."""
    if not pilot:
        return say("No trial of a year would settle it: customers are too few for so small a difference.")
    return say(
        "A trial would settle it: {n} customers with it and {n} without, by lot, for {weeks} weeks, tell a difference "
        "of {minutes} minutes a need.",
        n=f"{pilot['customers']:,}",
        weeks=pilot["weeks"],
        minutes=f"{pilot['minutes']:.2f}",
    )


def signed(estimate: Mapping[str, float]) -> str:
    """'+0.55 [+0.53 to +0.57]'."""
    return say(
        "{mid} [{low} to {high}]",
        mid=f"{estimate['value']:+.2f}",
        low=f"{estimate['low']:+.2f}",
        high=f"{estimate['high']:+.2f}",
    )
