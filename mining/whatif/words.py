"""A scenario in words: what would be, on what it hangs, what may not be said and what would settle it (9.6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from ingest.language import mark, say, say_n
from mining.context import quoted
from mining.sentences import all_of, paragraph
from mining.whatif import verdict
from mining.whatif.comparing import GRID, line_at
from mining.whatif.forecast import CALLS_MIN, CELL_MIN, Forecast
from mining.whatif.reading import WEEKS_MIN
from mining.whatif.scenarios import Scenario

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
    "merged_share": mark("calls passed on today that the one desk ends, as a share"),
    "merged_talk_factor": mark("time the one desk needs for them, times the second desk's"),
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
    "more_if": mark(
        "With \"{label}\" a need would take {minutes} [{low} to {high}] minutes more of a customer's time than today's "
        "{today}, if customers behave as assumed; if they behave as today, {other} less"
    ),
    "fewer_if": mark(
        "With \"{label}\" a need would take {minutes} [{low} to {high}] minutes less of a customer's time than today's "
        "{today}, if customers behave as assumed; if they behave as today, {other} more"
    ),
    "same": mark(
        "With \"{label}\" a need would take about as much of a customer's time as today's {today} minutes: "
        "{difference} [{low} to {high}]"
    ),
    "cannot_tell": mark("Whether \"{label}\" would take more or less of customers' time can't be told"),
    "not_enough_data": mark('Not enough data to reckon "{label}" through'),
}


LINES_NAMED = 6
_BLOCKED = mark(
    "The change {change} of {day} touched {lines}, so that only the weeks after it count. Full weeks since {since}: "
    "{weeks}; needed: {least}. It can be told from {from_day} on."
)
_LEFT_OUT = mark(
    "Left out: {lines}, touched by the change {change} of {day}. Full weeks with it, since {since}: {weeks}; needed: "
    "{least}. From {from_day} on it can be asked of all queues."
)


def title(forecast: Forecast, status: str) -> str:
    """One sentence, with the interval where there is one."""
    label = forecast.scenario.label.replace('"', "'")
    if status in ("cannot_tell", "not_enough_data") or forecast.result is None or forecast.result["told"] is None:
        return say(_TITLES[status], label=label)
    told, today = forecast.result["told"], forecast.result["comparison"]["measures"]["today"]["min_per_need"]
    if told["low"] <= 0 <= told["high"] or abs(told["value"]) < forecast.scenario.smallest_useful_min:
        return say(
            _TITLES["same"],
            label=label,
            today=f"{today:.2f}",
            difference=f"{told['value']:+.2f}",
            low=f"{told['low']:+.2f}",
            high=f"{told['high']:+.2f}",
        )
    low, high = sorted(abs(told[end]) for end in ("low", "high"))
    kind, other = "more" if told["value"] > 0 else "fewer", turned(forecast.result)
    return say(
        _TITLES[kind if other is None else f"{kind}_if"],
        label=label,
        minutes=f"{abs(told['value']):.2f}",
        low=f"{low:.2f}",
        high=f"{high:.2f}",
        today=f"{today:.2f}",
        other=f"{abs(other or 0.0):.2f}",
    )


def turned(result: Mapping[str, Any]) -> float | None:
    """The difference where customers behave as today, if it is clearly of the other sign than what is told.

    What is told then rests on what is assumed alone, and must not be read without it.
    """
    neutral = result["comparison"]["differences"].get("neutral")
    if neutral is None:
        return None
    one, told = neutral["min_per_need"], result["told"]
    is_clear = one["low"] > 0 or one["high"] < 0
    return float(one["value"]) if is_clear and one["value"] * told["value"] < 0 else None


def evidence(forecast: Forecast) -> str:
    """The three parts of the answer: mechanical, what it hangs on, what would settle it."""
    calls = forecast.reading.calls
    span = span_of(forecast.day(0), forecast.day(calls.weeks))
    if forecast.lacking is not None or forecast.part.is_blocked:
        return say("{n} calls were read, in {weeks}.", n=f"{forecast.reading.n_read:,}", weeks=span)
    if forecast.result is None:
        return say(
            "{calls} calls at {lines} were read, in {weeks}; {needed} calls in {least} full weeks are needed, and "
            "{cell} at each queue.",
            calls=f"{calls.n_calls:,}",
            lines=lines_of(calls.stations),
            needed=f"{CALLS_MIN:,}",
            least=WEEKS_MIN,
            cell=CELL_MIN,
            weeks=span,
        )
    comparison, verdict_ = forecast.result["comparison"], forecast.result["verdict"]
    sentences = [
        say("{n} calls at {lines}.", n=f"{calls.n_calls:,}", lines=lines_of(calls.stations)),
        say(
            "The model was fitted on {fit} and held against {held}, which it had not seen.",
            fit=span_of(forecast.day(0), forecast.day(forecast.fit_weeks)),
            held=span_of(forecast.day(forecast.fit_weeks), forecast.day(calls.weeks)),
        ),
    ]
    if comparison is None:
        return paragraph(*sentences, say("No run of the scenario is shown, since the model is not believed."))
    differences = comparison["differences"]
    if "neutral" in differences and not is_nothing(comparison):
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
        # what looks kindest need not be: a call-back taken by more keeps more from giving up, and so the agents busier
        values = [differences[point]["min_per_need"]["value"] for point in ("best", "mid", "worst")]
        sentences.append(
            say(
                "Over the whole range of what is assumed it goes from {best} to {worst} minutes.",
                best=f"{min(values):+.2f}",
                worst=f"{max(values):+.2f}",
            )
        )
    sentences.append(breakeven(forecast.scenario, verdict_))
    return paragraph(*sentences)


def span_of(begin: dt.date, end: dt.date) -> str:
    """Full weeks with their first and last day: '8 weeks (2026-01-05 to 2026-03-01)'."""
    weeks = (end - begin).days // 7
    return say_n(
        "{n} week ({first} to {last})",
        "{n} weeks ({first} to {last})",
        weeks,
        n=weeks,
        first=begin.isoformat(),
        last=max(begin, end - dt.timedelta(days=1)).isoformat(),
    )


def lines_of(names: Sequence[str]) -> str:
    """The lines by name, where they are few enough to be read."""
    return all_of([quoted(name) for name in names]) if len(names) <= LINES_NAMED else say("{n} queues", n=len(names))


def obstacles(forecast: Forecast) -> str:
    """Which declared changes stand in the way, and from when on it can be told; '' where none does."""
    told = []
    for one in forecast.part.obstacles:
        known = {
            "change": quoted(one.label),
            "day": one.day.isoformat(),
            "lines": lines_of(one.lines),
            "since": one.since.isoformat(),
            "weeks": str(one.weeks),
            "least": str(WEEKS_MIN),
            "from_day": one.told_from.isoformat(),
        }
        text = _BLOCKED if forecast.part.is_blocked else _LEFT_OUT
        told.append(say(text, **known))
    return paragraph(*told) if told else ""


def is_nothing(comparison: Mapping[str, Any]) -> bool:
    """Whether nothing changes while customers behave as today, so that it need not be shown: a call-back that nobody
    takes."""
    neutral = comparison["differences"].get("neutral")
    return "mid" in comparison["differences"] and neutral is not None and not any(neutral["min_per_need"].values())


def breakeven(scenario: Scenario, verdict_: Mapping[str, Any]) -> str:
    """Where the difference is nothing, all else neutral; '' for changes that can't turn round."""
    if scenario.kind not in GRID:
        return ""
    first = GRID[scenario.kind][0]
    crossing, at = verdict_["breakeven"], line_at(scenario)
    if crossing is None:
        return "" if verdict_["pays"] is None else _one_way(scenario, verdict_["pays"])
    if first == "inbound_factor":
        return say(
            "It pays only if needs fall by at least {share} %, all else as today; today's data can't tell whether they "
            "would.",
            share=f"{100 * (1 - crossing):.0f}",
        )
    if first == "merged_talk_factor":
        return say(
            "It pays only while the one desk, for {share} % of the calls passed on today, needs at most {factor} times "
            "the second desk's time.",
            share=f"{100 * at:.0f}",
            factor=f"{crossing:.2f}",
        )
    return say(
        "It pays only while, with {seconds} seconds less of the menu, at most {share} % of calls reach the wrong desk "
        "first.",
        seconds=f"{at:g}",
        share=f"{100 * crossing:.0f}",
    )


def _one_way(scenario: Scenario, pays: bool) -> str:
    """It pays at all values that were tried, or at none."""
    _, tried, _ = GRID[scenario.kind]
    at = line_at(scenario)
    if scenario.kind == "assign":
        if pays:
            return say("It pays at all that was tried of needs, up to {most} times today's.", most=f"{max(tried):g}")
        return say(
            "It does not pay even with {least} times today's needs, where customers call again as often as today.",
            least=f"{min(tried):g}",
        )
    if scenario.kind == "menu":
        if pays:
            return say(
                "With {seconds} seconds less of the menu it pays even where {share} % of calls reach the wrong desk "
                "first.",
                seconds=f"{at:g}",
                share=f"{100 * max(tried):.0f}",
            )
        return say(
            "With {seconds} seconds less of the menu it does not pay even where no call reaches the wrong desk.",
            seconds=f"{at:g}",
        )
    if pays:
        return say(
            "It pays even where the one desk needs {factor} times the second desk's time.", factor=f"{max(tried):g}"
        )
    return say(
        "It does not pay even where the one desk needs {factor} times the second desk's time.", factor=f"{min(tried):g}"
    )


def caution(forecast: Forecast) -> str:
    """What blocks it, what would settle it, and what no log can say."""
    if forecast.result is None:
        if forecast.lacking is not None:
            return forecast.lacking
        if forecast.part.is_blocked:
            return obstacles(forecast)
        return paragraph(say("A forecast of so few calls would tell chance."), obstacles(forecast))
    verdict_ = forecast.result["verdict"]
    told = [obstacles(forecast)]
    if verdict_["blocking_reason"]:
        told.append(say(REASONS[verdict_["blocking_reason"]]))
    if verdict_["unsourced"]:
        names = all_of([quoted(say(ASSUMPTIONS[name])) for name in verdict_["unsourced"]])
        told.append(say("Nobody stands for what is assumed of: {names}.", names=names))
    if verdict_["blocking_reason"] == verdict.DRIFT:
        told.append(say("Once {weeks} weeks are alike, the log can be asked again.", weeks=WEEKS_MIN))
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
