"""What a finding about a change says, in sentences for a manager. Names of changes stand in quotes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from babel.dates import format_date

from ingest.language import LOCALES, language, mark, say
from mining.changes.judging import Answer
from mining.context import quoted
from mining.method import Method
from mining.sentences import all_of, paragraph, percent_text

_FELL = {
    "did": mark("{change}: {metric} fell by {share} against {control}"),
    "staggered": mark("{change}: {metric} fell by {share} against those who still waited for it"),
    "rct": mark("{change}: {metric} {share} lower for customers who got it by lot"),
    "its": mark("{change}: {metric} fell by {share} after {day}; there is no unaffected group"),
}
_ROSE = {
    "did": mark("{change}: {metric} rose by {share} against {control}"),
    "staggered": mark("{change}: {metric} rose by {share} against those who still waited for it"),
    "rct": mark("{change}: {metric} {share} higher for customers who got it by lot"),
    "its": mark("{change}: {metric} rose by {share} after {day}; there is no unaffected group"),
}
_UNTOLD = {
    "none": mark("{change}: no change of {metric} is shown"),
    "short": mark("{change}: too little is known yet to say whether {metric} changed"),
    "open": mark("{change}: whether {metric} changed can't be told"),
}


def day_text(day: dt.date) -> str:
    """A day as the site's language writes it."""
    return format_date(day, "long", locale=LOCALES[language()])


def level_text(value: float | None, is_share: bool) -> str:
    """A level in its unit: '12.3 %' or '4.56'."""
    if value is None:
        return say("not known")
    return f"{100 * value:.1f} %" if is_share else f"{value:.2f}"


def title(answer: Answer, status: str) -> str:
    """The heading of the finding."""
    change, metric = quoted(answer.change.label), say(answer.metric.label)
    if answer.part is None or answer.reason or status == "below_tolerance":
        key = "none" if not answer.reason else "short" if answer.reason in ("weeks", "contacts") else "open"
        return say(_UNTOLD[key], change=change, metric=metric)
    value, low, high = answer.part
    fell = value < 0
    share = percent_text(-value, -high, -low) if fell else percent_text(value, low, high)
    return say(
        (_FELL if fell else _ROSE)[answer.design],
        change=change,
        metric=metric,
        share=share,
        control=say("the unaffected group"),
        day=day_text(answer.change.first_day),
    )


def evidence_text(answer: Answer, status: str) -> str:
    """What was seen: levels before and after of both groups, weeks, and what it means at this grade."""
    return paragraph(_levels(answer), _meaning(answer, status), _expected(answer), _limit(answer), _placebo(answer))


def _levels(answer: Answer) -> str:
    is_share, metric = answer.metric.is_share, say(answer.metric.label)
    before, after = (level_text(answer.pair.level(part), is_share) for part in (0, 1))
    c_before, c_after = (level_text(answer.pair.level(part, of_control=True), is_share) for part in (0, 1))
    n_pre, n_post = (len(weeks) for weeks in answer.pair.treated)
    if answer.design == "rct":
        return say(
            "Of customers who got it by lot: {metric} {after}; of the others: {other} ({n} and {n_other} customers).",
            metric=metric,
            after=after,
            other=c_after,
            n=f"{answer.detail['n_treated']:,.0f}",
            n_other=f"{answer.detail['n_control']:,.0f}",
        )
    if answer.pair.control[0]:
        return say(
            "With the change {metric} went from {before} to {after}, in the unaffected group from {c_before} to "
            "{c_after} ({n_pre} and {n_post} full weeks before and after).",
            metric=metric, before=before, after=after, c_before=c_before, c_after=c_after, n_pre=n_pre, n_post=n_post,
        )  # fmt: skip
    return say(
        "{metric} went from {before} to {after} ({n_pre} and {n_post} full weeks before and after).",
        metric=metric, before=before, after=after, n_pre=n_pre, n_post=n_post,
    )  # fmt: skip


def _meaning(answer: Answer, status: str) -> str:
    if answer.design == "staggered" and "n_waves" in answer.detail:
        waves = say(
            "{n} of {of_n} waves could be held against groups that still waited.",
            n=round(answer.detail["n_waves"]),
            of_n=round(answer.detail["of_n_waves"]),
        )
    else:
        waves = ""
    if status != "confirmed":
        return waves
    if answer.grade == "A":
        return paragraph(waves, say("The change caused it."))
    return paragraph(waves, say("The change most likely caused it.")) if answer.grade == "B" else waves


def _expected(answer: Answer) -> str:
    wanted = answer.change.expected.get(answer.metric.name)
    if wanted is None or answer.part is None or answer.reason or answer.estimate is None:
        return ""
    if not answer.estimate.excludes_none():
        return say("It was expected to fall.") if wanted == "down" else say("It was expected to rise.")
    if (answer.part[0] < 0) == (wanted == "down"):
        return say("This is what was expected of it.")
    return say("The opposite was expected of it.")


def _limit(answer: Answer) -> str:
    if answer.mde is None or answer.reason:
        return ""
    return say("A change of {share} % or more would have been found 8 times in 10.", share=f"{100 * answer.mde:.0f}")


def _placebo(answer: Answer) -> str:
    if answer.placebo is None or answer.reason:
        return ""
    low, high = answer.placebo
    return say(
        "Held against {n} made-up dates before it, the interval is {low} to {high} %.",
        n=answer.n_placebos,
        low=f"{100 * low:+.1f}",
        high=f"{100 * high:+.1f}",
    )


def caution(
    answer: Answer, status: str, departments: Sequence[str], calls: tuple[float, float] | None, method: Method
) -> str:
    """What speaks against reading more into it. `calls`: contacts a week before and after, where demand moved."""
    said = [why_not(answer, method)]
    if answer.design == "its":
        day = day_text(answer.change.first_day)
        said.append(
            say("There is no unaffected group, so other causes that started after {day} cannot be excluded.", day=day)
        )
    if answer.runs_apart and not answer.reason:
        said.append(say("The two groups drifted apart in the weeks before, at a pace that could explain it."))
    if departments:
        names = all_of([quoted(name) for name in departments])
        said.append(
            say("Both groups are answered by {departments}: where load moves, both wait otherwise.", departments=names)
        )
    if calls is not None:
        said.append(
            say(
                "Contacts a week went from {before} to {after} with the change: who gets in touch may have changed.",
                before=f"{calls[0]:,.0f}",
                after=f"{calls[1]:,.0f}",
            )
        )
    if answer.metric.name == "true_containment":
        said.append(say("Who hangs up in the menu and gives the matter up for good counts as well."))
    if answer.change.definition_check and answer.metric.of_codes:
        said.append(say("Stated on how it is counted: {note}", note=quoted(answer.change.definition_check)))
    if status == "candidate" and answer.grade in "AB":
        said.append(say("Among all figures of this change it does not stand out enough to be sure."))
    return paragraph(*said) or say("Whatever else came at that time to these contacts alone is in this figure, too.")


def why_not(answer: Answer, method: Method) -> str:
    """Why it can't be told."""
    if answer.reason == "weeks":
        return say(
            "{n_pre} full weeks before and {n_post} after are known; {pre} and {post} are needed.",
            n_pre=len(answer.pair.z(0)),
            n_post=len(answer.pair.z(1)),
            pre=0 if answer.design == "rct" else method.change_pre_weeks_min,
            post=method.change_post_weeks_min,
        )
    if answer.reason == "contacts":
        return say(
            "A usual week of the smaller group has {n} contacts; {least} are needed.",
            n=f"{answer.pair.contacts_a_week():,.0f}",
            least=method.change_contacts_min,
        )
    if answer.reason == "nothing":
        return say("No log tells of it in the affected group.")
    if answer.reason == "other_change":
        names = all_of([quoted(name) for name in answer.others])
        return say(
            "Within four weeks of it came {others} to the same contacts: they can't be told apart.", others=names
        )
    if answer.reason == "codes":
        return say(
            "Some codes are only there before the change or only after it: {codes}. State in process/changes.toml "
            "(definition_check) how it was made sure that the figure means the same.",
            codes=all_of([quoted(code) for code in answer.codes]),
        )
    if answer.reason == "lot":
        return say(
            "{n} of {of_n} customers got it, which is not the part that was declared for the lot.",
            n=f"{answer.detail['n_treated']:,.0f}",
            of_n=f"{answer.detail['n_treated'] + answer.detail['n_control']:,.0f}",
        )
    if answer.reason == "second_opinion":
        return say("A second estimate, by days, contradicts the one by weeks.")
    return ""
