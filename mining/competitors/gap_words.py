"""What a finding about a competitor says, in sentences for a manager. Names of companies and waves stand in quotes."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.language import mark, say
from mining.competitors.compare import (
    AHEAD,
    ALIKE,
    NO_RANKING,
    NOT_COMPARABLE,
    NOT_SHOWN,
    OLD,
    RATIO,
    SHARE,
    TOO_FEW,
    Comparison,
)
from mining.competitors.of_shops import SHOPS
from mining.competitors.of_surveys import SURVEY
from mining.context import quoted
from mining.method import Method
from mining.sentences import paragraph

METRIC_WORDS = {
    "resolved": mark("errands settled at once"),
    "minutes": mark("the time that an errand takes"),
    "wait": mark("waiting"),
    "steps": mark("the steps of an errand"),
    "effort": mark("effort"),
    "satisfaction": mark("satisfaction"),
    "would_recommend": mark("recommending"),
}
_AHEAD = {
    ("resolved", "them"): mark("Of 100 errands, {gap} more are settled at once at {company} than with us"),
    ("resolved", "us"): mark("Of 100 errands, {gap} more are settled at once with us than at {company}"),
    ("minutes", "them"): mark("The same errand takes {gap} times as long with us as at {company}"),
    ("minutes", "us"): mark("The same errand takes {gap} times as long at {company} as with us"),
    ("wait", "them"): mark("For the same errand customers wait {gap} min longer with us than at {company}"),
    ("wait", "us"): mark("For the same errand customers wait {gap} min longer at {company} than with us"),
    ("steps", "them"): mark("The same errand takes {gap} more steps with us than at {company}"),
    ("steps", "us"): mark("The same errand takes {gap} more steps at {company} than with us"),
}
_SURVEYED = {
    ("difference", "higher"): mark(
        "To the same question on {metric} our answers are {gap} points higher than those about {company}"
    ),
    ("difference", "lower"): mark(
        "To the same question on {metric} our answers are {gap} points lower than those about {company}"
    ),
    ("share", "higher"): mark(
        "To the same question on {metric}, of 100 answers {gap} more are at the top of the scale for us than for "
        "{company}"
    ),
    ("share", "lower"): mark(
        "To the same question on {metric}, of 100 answers {gap} fewer are at the top of the scale for us than for "
        "{company}"
    ),
}
_PUBLISHED = {
    "higher": mark("Of what both publish as {metric}, our share is {gap} points higher than that of {company}"),
    "lower": mark("Of what both publish as {metric}, our share is {gap} points lower than that of {company}"),
}
_OTHERS = {
    ALIKE: mark("We are as good as {company} by {metric}"),
    NOT_SHOWN: mark("No difference shown between {company} and us by {metric}"),
    NO_RANKING: mark("Too few cases to say who is better, {company} or we, by {metric}"),
    TOO_FEW: mark("Too few cases to compare {company} and us by {metric}"),
    OLD: mark("What was measured of {company} and us by {metric} is old"),
    NOT_COMPARABLE: mark("{company} and we can't be compared by {metric}: too many steps have no counterpart"),
}
_WIDE = 10.0
"""Points or steps from which on an interval needs no decimals."""
CAUTIONS = {
    "unmapped": mark("With the steps that have no counterpart the difference turns round."),
    "one_shopper": mark("All shops of one side are of a single shopper, who can't be told from the company."),
    "theirs_shifted": mark(
        "Their shops of the first and of the second half of the wave differ: what they offer may have changed."
    ),
    "ours_shifted": mark(
        "Our shops of the first and of the second half of the wave differ: what we offer may have changed."
    ),
    "learning": mark("Shoppers became quicker from shop to shop: they learn, on both sides."),
}


def metric_words(one: Comparison) -> str:
    """What is compared; of published figures the name, in quotes."""
    return say(METRIC_WORDS[one.metric]) if one.metric in METRIC_WORDS else quoted(one.metric)


def title(one: Comparison, method: Method) -> str:
    """One sentence; with the gap and its interval where it is ranked."""
    told = {"company": quoted(one.company), "metric": metric_words(one)}
    if one.verdict != AHEAD:
        return say(_OTHERS[one.verdict], **told)
    told["gap"] = gap_text(one, method)
    if one.instrument == SHOPS:
        return say(_AHEAD[one.metric, one.ahead], **told)
    if one.instrument == SURVEY:
        return say(_SURVEYED[one.shape, one.ahead], **told)
    return say(_PUBLISHED[one.ahead], **told)


def gap_text(one: Comparison, method: Method) -> str:
    """The size of the gap, always above "none": '12 [3 to 21]', '1.35 [1.12 to 1.62]'."""
    ends, told = one.ends(method.confidence), one.told
    assert ends is not None and told is not None
    if one.shape == RATIO:
        values = [told, *ends] if told >= 1 else [1 / told, 1 / ends[1], 1 / ends[0]]
        digits = 2
    else:
        factor = 100.0 if one.shape == SHARE else 1.0
        digits = 0 if factor * (ends[1] - ends[0]) >= _WIDE else 1
        values = [factor * value for value in (told, *ends)]
        if told < 0:
            values = [-values[0], -values[2], -values[1]]
    return say(
        "{value} [{low} to {high}]",
        **{name: f"{value:,.{digits}f}" for name, value in zip(("value", "low", "high"), values, strict=True)},
    )


def evidence_text(one: Comparison, method: Method) -> str:
    """Sizes of both sides, what each comes to, the gap, what was compared with what."""
    return paragraph(
        _sizes(one),
        _values(one, method),
        _effective(one),
        _strata(one),
        _against(one),
        say(
            "Of the steps, {ours} % of ours and {theirs} % of theirs have a counterpart in our step dictionary.",
            ours=f"{100 * one.mapped[0]:.0f}",
            theirs=f"{100 * one.mapped[1]:.0f}",
        )
        if one.mapped and one.metric == "steps"
        else "",
    )


def _sizes(one: Comparison) -> str:
    told = {"ours": f"{one.n_ours:,}", "theirs": f"{one.n_theirs:,}", "company": quoted(one.company)}
    if one.instrument == SHOPS:
        return say(
            "{ours} mystery shops of ours by {mine} shoppers and {theirs} of {company} by {others} shoppers, by the "
            "same script, in wave {wave}.",
            **told,
            mine=one.shoppers[0],
            others=one.shoppers[1],
            wave=quoted(one.wave),
        )
    if one.instrument == SURVEY:
        return say(
            "{ours} answers about us and {theirs} about {company} to the same question, in wave {wave}.",
            **told,
            wave=quoted(one.wave),
        )
    return say(
        "Published for {period}, with the same definition: of {ours} cases of ours and {theirs} of {company}.",
        **told,
        period=quoted(one.wave),
    )


def _values(one: Comparison, method: Method) -> str:
    ends = one.ends(method.confidence)
    if ends is None or one.told is None or one.value_ours is None or one.value_theirs is None:
        return say("With fewer than {n} on a side no number is told, only the cases.", n=method.gap_cases_min)
    if one.shape == SHARE:
        return say(
            "Ours: {ours} %, theirs: {theirs} %; ours less theirs, in points: {gap} [{low} to {high}].",
            ours=f"{100 * one.value_ours:.1f}",
            theirs=f"{100 * one.value_theirs:.1f}",
            gap=f"{100 * one.told:.1f}",
            low=f"{100 * ends[0]:.1f}",
            high=f"{100 * ends[1]:.1f}",
        )
    numbers = {
        "ours": f"{one.value_ours:.2f}",
        "theirs": f"{one.value_theirs:.2f}",
        "gap": f"{one.told:.2f}",
        "low": f"{ends[0]:.2f}",
        "high": f"{ends[1]:.2f}",
    }
    if one.shape == RATIO:
        return say(
            "Ours: {ours} min, theirs: {theirs} min (geometric means); ours over theirs: {gap} [{low} to {high}].",
            **numbers,
        )
    if one.metric == "wait":
        return say(
            "Ours: {ours} min, theirs: {theirs} min (medians); ours less theirs: {gap} [{low} to {high}].", **numbers
        )
    return say("Ours: {ours}, theirs: {theirs} (means); ours less theirs: {gap} [{low} to {high}].", **numbers)


def _effective(one: Comparison) -> str:
    if one.gap is None or one.instrument != SHOPS:
        return ""
    return say(
        "Shops of one shopper are alike (correlation {icc}), and strata weigh differently: they tell as much as {ours} "
        "and {theirs} independent shops.",
        icc=f"{one.gap.icc:.2f}",
        ours=f"{one.gap.n_eff[0]:.0f}",
        theirs=f"{one.gap.n_eff[1]:.0f}",
    )


def _against(one: Comparison) -> str:
    """The counter-examples of a gap: shops, not journeys."""
    n, of_n = one.extra.get("against", (0, 0))
    if not of_n or one.gap is None:
        return ""
    return say(
        "Shop by shop within such a stratum it is the other way round in {n} of {of_n} pairs of one of ours and one of "
        "theirs; no journey of our log can speak against a gap between shops.",
        n=f"{n:,}",
        of_n=f"{of_n:,}",
    )


def _strata(one: Comparison) -> str:
    if one.instrument != SHOPS:
        return ""
    told = {"n": len(one.strata), "left": len(one.dropped)}
    if one.weights == "log":
        return say(
            "Compared within scenario, channel and part of the day ({n} such strata, {left} left out), weighted as our "
            "customers come.",
            **told,
        )
    return say(
        "Compared within scenario, channel and part of the day ({n} such strata, {left} left out), weighted as the "
        "shops were planned.",
        **told,
    )


def caution(one: Comparison, method: Method) -> str:
    """What to keep in mind before acting on it."""
    return paragraph(
        *_limits(one, method),
        *(say(CAUTIONS[name]) for name in one.cautions),
        _nature(one),
    )


def _nature(one: Comparison) -> str:
    if one.instrument == SHOPS:
        return say(
            "Mystery shops measure what happens to shoppers who follow a script, not what customers think; why the gap "
            "is there they do not tell."
        )
    if one.instrument == SURVEY:
        return say("A survey measures what people say, not what happens to them, and nothing is accounted for.")
    return say("Each company counted by itself; nobody else has checked it.")


def _limits(one: Comparison, method: Method) -> Sequence[str]:
    if one.verdict == TOO_FEW:
        return [say("Not enough data: {n} on each side are needed for a number.", n=method.gap_cases_min)]
    if one.verdict == NO_RANKING:
        return [say("Not enough data: {n} on each side are needed to say who is better.", n=method.gap_ranking_min)]
    if one.verdict == OLD:
        return [say("Measured {days} days ago: whether it is still so can't be told.", days=f"{one.age_days:,}")]
    if one.verdict == NOT_SHOWN:
        return [say("That no difference is shown does not mean that there is none.")]
    if one.verdict == ALIKE:
        return [_margin(one, method)]
    if one.verdict == AHEAD and one.weights == "plan":
        return [say("The log does not know these scenarios: it counts as shops were planned, and is not confirmed.")]
    return []


def _margin(one: Comparison, method: Method) -> str:
    if one.shape == SHARE:
        return say(
            "As good as means: the difference is within {n} points, by two one-sided tests.",
            n=f"{100 * method.gap_margin_share:.0f}",
        )
    return say(
        "As good as means: the difference is within {n} % of their time, by two one-sided tests.",
        n=f"{100 * method.gap_margin_time:.0f}",
    )
