"""Pictures of a finding's own numbers, by its kind: each is drawn from fields of its record, and has them as a table.

Shares of the customers that it was found on and of those kept apart, where it has both; then what its kind alone can
tell: windows after a contact, both directions of a pair of steps, weeks before and after a change, shops of both sides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.language import mark, say
from mining.changes.metrics import METRICS
from mining.competitors.compare import RATIO, SHARE
from mining.statistics import wilson
from reports import formats
from reports.bar_rows import BarRow, HeldAgainst, bar_rows
from reports.change_picture import WeekPoint, change_lines
from reports.change_tables import level
from reports.figures import Figures
from reports.page_picture import Picture
from reports.plots import Point, line_band, tick_text
from reports.records import FindingFigure
from reports.view_facts import bounds, is_share
from reports.view_journeys import StepNames

_LINES = {
    "deviation": mark("tolerated"),
    "batch_contact": mark("the least that is told"),
    "duplicate_request": mark("the least that is told"),
    "handoff": mark("the least that is told"),
}
"""By the head of a kind: what the baseline of its effect is."""
_WEEKS = """select monday, is_after, max(value) filter (not is_control) as value,
    max(value) filter (is_control) as control
from change_week where change_id = $change and metric = $metric group by monday, is_after order by monday"""


@dataclass(frozen=True, slots=True)
class WeekShare:
    """Closed journeys that began in a week and had the chance, and of them those that show a finding."""

    monday: dt.date
    hits: int
    n: int


def number_pictures(figures: Figures, finding: FindingFigure, names: StepNames) -> tuple[Picture, ...]:
    """All pictures that the record of a finding has the numbers of."""
    head = finding.kind.split(".")[0]
    own: Callable[[FindingFigure, StepNames], Picture | None] | None = _BY_KIND.get(head)
    found = [_seen_again(finding, head), own(finding, names) if own else None]
    if head == "change_effect":
        found.append(_over_weeks(figures, finding))
    if head == "competitor_gap":
        found.append(_both_sides(figures, finding))
    return tuple(one for one in found if one and one.drawing)


def by_week(weeks: Sequence[WeekShare]) -> Iterator[Picture]:
    """The share of journeys that show a finding, week by week; nothing for fewer than three weeks, and none where a
    quarter of them can't be told: those left would be the ones in which it is frequent."""
    if not weeks or 4 * len(weeks) < 3 * ((weeks[-1].monday - weeks[0].monday).days // 7 + 1):
        return
    points = [Point(one.monday, one.hits / one.n, *wilson(one.hits, one.n)) for one in weeks]
    title = say("Share of journeys that show it, in per cent, by the week in which they began")
    drawn = line_band(points, title, tick_text, unit=0.01, most_days=7)
    if not drawn:
        return
    note = say(
        "Per cent of the closed journeys that reach its steps, by the week in which they began. Band: 95 % interval. "
        "Weeks of too few customers are left out."
    )
    heads = say("Week of"), say("Journeys"), say("show it"), say("Share (interval)")
    rows = tuple(
        (formats.date_short(one.monday), formats.count(one.n), formats.count(one.hits), _share(point))
        for one, point in zip(weeks, points, strict=True)
    )
    yield Picture(say("By week"), note, drawn, heads, rows)


def _share(point: Point) -> str:
    told = formats.share(point.value)
    return told if point.low is None or point.high is None else f"{told} ({bounds(point.low, point.high, 'share')})"


def _bars(heading: str, note: str, rows: Sequence[BarRow], line: HeldAgainst | None = None) -> Picture | None:
    """Bars with their table; the line is a row of it."""
    if not rows:
        return None
    told = "; ".join(row.heading for row in rows)
    table = [(row.name, row.told, row.between or formats.NONE) for row in rows]
    if line:
        table.append((line.name, "", formats.NONE))
    heads = say("Which"), say("Number"), say("Interval")
    return Picture(heading, note, bar_rows(rows, f"{heading}. {told}", line=line), heads, tuple(table))


def _seen_again(finding: FindingFigure, head: str) -> Picture | None:
    """The share on both parts of the customers; None where the record does not have both."""
    n = finding.n
    if not is_share(str(finding.effect.get("unit") or "")) or not (n.get("n_confirm") and n.get("n_discovery")):
        return None
    rows = []
    for part, name in (("confirm", mark("of those kept apart")), ("discovery", mark("of those it was found on"))):
        share = n[f"hits_{part}"] / n[f"n_{part}"]
        is_told = part == "confirm" and n.get("sample") == "confirm" and finding.ci.get("low") is not None
        ends = (float(finding.ci["low"]), float(finding.ci["high"])) if is_told else None
        told = f"{formats.share(share)} ({formats.count(round(n[f'hits_{part}']))} / {formats.count(n[f'n_{part}'])})"
        rows.append(BarRow(say(name), share, told, "cost", ends, bounds(*ends, "share") if ends else ""))
    if finding.effect.get("name") and abs(rows[0].value - float(finding.effect.get("value") or 0)) > 0.005:
        return None  # its effect is no plain share of these counts
    baseline = float(finding.effect.get("baseline") or 0)
    line = None
    if baseline and head in _LINES:
        line = HeldAgainst(baseline, say("{what}: {share}", what=say(_LINES[head]), share=formats.share(baseline)))
    note = say(
        "What was found among six in ten of the customers is counted again among the four in ten kept apart: what only "
        "chance brought would not come again."
    )
    return _bars(say("Seen again on other customers"), note, rows, line)


def _windows(finding: FindingFigure, _: StepNames) -> Picture | None:
    """Of repeat contact: contacts followed by another within 1, 7 and 14 days, and how many would be anyway."""
    rows = []
    for days, told in sorted(finding.extra.get("windows", {}).items(), key=lambda one: int(one[0])):
        name = formats.plural(int(days), "followed within {n} day", "followed within {n} days")
        rows.append(BarRow(name, told["a"], formats.share(told["a"]), "cost"))
        usual = formats.plural(int(days), "in {n} usual day", "in {n} usual days")
        rows.append(BarRow(usual, told["b"], formats.share(told["b"])))
    note = say(
        "Vermillion: of the contacts, those that another one follows. Blue: what these customers do in as many days "
        "long after one, by habit. Only what goes beyond that is told."
    )
    return _bars(say("Within days"), note, rows)


def _pair(finding: FindingFigure, names: StepNames) -> Picture | None:
    """Of two steps that go together: how often each stands next to the other."""
    extra = finding.extra
    if extra.get("p_next") is None or extra.get("p_prev") is None:
        return None
    first, second = (names.label.get(step, step) for step in extra["members"])
    rows = [
        BarRow(say("of “{step}” go on to it", step=first), extra["p_next"], formats.share(extra["p_next"])),
        BarRow(say("of “{step}” come from it", step=second), extra["p_prev"], formats.share(extra["p_prev"])),
    ]
    least = float(finding.effect.get("baseline") or 0)
    line = HeldAgainst(least, say("{what}: {share}", what=say("the least that is told"), share=formats.share(least)))
    return _bars(say("Both directions"), say("How often the two steps stand side by side."), rows, line)


def _places(finding: FindingFigure, names: StepNames) -> Picture | None:
    """Of what is asked twice: at which steps it is asked first and again."""
    told = finding.extra.get("asked_before_and_again") or []
    rows = [
        BarRow(_from_to(first, again, names), float(n), formats.count(n), "cost") for first, again, n in told
    ]  # fmt: skip
    return _bars(say("Where it is asked first and again"), say("Journeys, by the two steps."), rows)


def _from_to(first: str, again: str, names: StepNames) -> str:
    before, after = (names.label.get(step, step) for step in (first, again))
    return say("“{first}”, then “{again}”", first=before, again=after)


def _pages(finding: FindingFigure, names: StepNames) -> Picture | None:
    """Of calls after a visit: the last page before them."""
    told = finding.extra.get("last_pages") or []
    rows = [BarRow(f"“{names.label.get(page, page)}”", float(n), formats.count(n), "cost") for page, n in told]
    return _bars(say("The last page before the call"), say("Calls, of all customers."), rows)


def _minutes(finding: FindingFigure, _: StepNames) -> Picture | None:
    """Of a hand-over that passes on: the wait there, the work there, and until the next department is met."""
    parts = (
        ("wait_p50_ms", mark("waiting there (median)"), "cost"),
        ("work_p50_ms", mark("at work there (median)"), "plain"),
        ("gap_p50_ms", mark("until the next department (median)"), "cost"),
    )
    rows = [
        BarRow(say(name), float(finding.extra[key]), formats.duration(finding.extra[key]), tone)
        for key, name, tone in parts
        if finding.extra.get(key) is not None
    ]
    return _bars(say("Where the time goes"), say("Of those who are passed on."), rows)


def _ends(finding: FindingFigure, _: StepNames) -> Picture | None:
    """Of a loop: how the journeys that go round leave it."""
    ends = (("exit_normal", mark("go on as intended")), ("exit_abnormal", mark("end badly or go no further")))
    counts = [(say(name), finding.extra.get(key)) for key, name in ends]
    known = [(name, int(n)) for name, n in counts if n is not None]
    total = sum(n for _, n in known)
    if len(known) < 2 or not total:
        return None
    tones = ("plain", "cost")
    rows = [
        BarRow(name, n / total, f"{formats.ratio(n, total)} ({formats.count(n)})", tone)
        for (name, n), tone in zip(known, tones, strict=True)
    ]
    return _bars(say("How they get out"), say("Of the journeys that go round, once or more often."), rows)


def _late(finding: FindingFigure, _: StepNames) -> Picture | None:
    """Of waits that are late: their share in each of the last weeks, the oldest first."""
    weekly = [(int(n), int(late)) for n, late in finding.extra.get("weekly") or [] if n]
    rows = [
        BarRow(
            say("week {n}", n=place),
            late / n,
            f"{formats.ratio(late, n)} ({formats.count(late)} / {formats.count(n)})",
            "cost",
        )
        for place, (n, late) in enumerate(weekly, 1)
    ]
    usual = float(finding.effect.get("baseline") or 0)
    line = HeldAgainst(usual, say("{what}: {share}", what=say("usual before"), share=formats.share(usual)))
    note = say("Waits that ended in each of the weeks, the oldest first: those beyond the usual limit.")
    return _bars(say("Late, week by week"), note, rows, line)


def _process(finding: FindingFigure, names: StepNames) -> Picture | None:
    """Of a deviation: beside how many journeys follow the process at all. Waits that are late have their weeks."""
    if finding.kind == "deviation.late":
        return _late(finding, names)
    extra = finding.extra
    if not extra.get("n_checked") or extra.get("n_conforming") is None:
        return None
    n, of_n = int(extra["n_conforming"]), int(extra["n_checked"])
    share = float(finding.n.get("share_all") or finding.effect.get("value") or 0)  # of all customers, as the first bar
    rows = [
        BarRow(say("of the journeys follow the process in every step"), n / of_n, formats.ratio(n, of_n)),
        BarRow(say("deviate so"), share, formats.share(share), "cost"),
    ]
    return _bars(say("Beside the whole process"), say("Closed journeys that are held against the process."), rows)


def _margin(finding: FindingFigure, _: StepNames) -> Picture | None:
    """Of a step to drop: how far the difference may reach, and how far its interval does."""
    margin, ci = finding.extra.get("equivalence_margin"), finding.ci
    if margin is None or ci.get("low") is None:
        return None
    value, far = abs(float(finding.effect.get("value") or 0)), max(abs(float(ci["low"])), abs(float(ci["high"])))
    rows = [
        BarRow(say("difference of bad ends, with and without it"), value, formats.share(value)),
        BarRow(say("the farthest end of its interval"), far, formats.share(far), "cost"),
    ]
    line = HeldAgainst(float(margin), say("{what}: {share}", what=say("counts as alike"), share=formats.share(margin)))
    return _bars(say("With it and without it"), say("Alike is shown where both bars end before the line."), rows, line)


def _forecast(finding: FindingFigure, _: StepNames) -> Picture | None:
    """Of a scenario: a customer's minutes for a need, today and with it."""
    comparison = (finding.extra.get("forecast") or {}).get("comparison") or {}
    measures = comparison.get("measures") or {}
    points = (("today", mark("minutes a need today")), ("mid", mark("minutes a need with the change")))
    rows = [
        BarRow(say(name), measures[point]["min_per_need"], formats.number(measures[point]["min_per_need"], 2), tone)
        for (point, name), tone in zip(points, ("plain", "cost"), strict=True)
        if point in measures
    ]
    return _bars(say("Today and with the change"), say("Means of the replications."), rows) if len(rows) == 2 else None


_BY_KIND: Mapping[str, Callable[[FindingFigure, StepNames], Picture | None]] = {
    "deviation": _process,
    "loop": _ends,
    "rework": _ends,
    "repeat_contact": _windows,
    "merge": _pair,
    "data_quality": _pair,
    "re_ask": _places,
    "duplicate_request": _places,
    "channel_switch": _pages,
    "handoff": _minutes,
    "eliminate": _margin,
    "whatif": _forecast,
}


def _over_weeks(figures: Figures, finding: FindingFigure) -> Picture | None:
    """Of a change: its figure by week, with the group that it left as it was and the level without it."""
    extra: Mapping[str, Any] = finding.extra
    if not figures.store.has_table("change_week"):
        return None
    metric = METRICS[extra["metric"]]
    factor = 100.0 if metric.is_share else 1.0
    told = figures.store.records(_WEEKS, {"change": extra["change"], "metric": metric.name})

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * factor

    weeks = [WeekPoint(row["monday"], scaled(row["value"]), scaled(row["control"]), row["is_after"]) for row in told]
    without = None
    if finding.ci.get("low") is not None and extra["after"]:
        ends = sorted(factor * extra["after"] / (1 + float(finding.ci[end])) for end in ("low", "high"))
        without = ends[0], ends[1]
    label = say(metric.label)
    title = say("{measure}, {unit}", measure=label, unit=say("per cent")) if metric.is_share else label
    sub = mark("Line: with the change. Dashed: left as it was. Band: where it would have been without the change.")
    alone = mark("Line: by week. Band: where it would have been without the change, if nothing else came at that time.")
    note = say(sub if extra["has_control"] else alone)
    drawn = change_lines(weeks, dt.date.fromisoformat(extra["day"]), without, f"{title}. {note}", tick_text)
    heads = say("Week of"), say("With the change"), *((say("Left as it was"),) if extra["has_control"] else ())
    rows = tuple(
        (
            formats.date_short(row["monday"]),
            *(level(row[name], metric) for name in ("value", "control")[: len(heads) - 1]),
        )
        for row in told
    )
    return Picture(say("By week"), f"{title}. {note}", drawn, heads, rows)


def _both_sides(figures: Figures, finding: FindingFigure) -> Picture | None:
    """Of a gap to a competitor: what ours and theirs come to."""
    rows = figures.store.records(
        "select * from competitor_gap where finding_id = $finding", {"finding": finding.finding_id}
    )
    if not rows or rows[0]["value_ours"] is None:
        return None
    [row] = rows[:1]
    named = (
        (say("ours ({n})", n=formats.count(row["n_ours"])), row["value_ours"], "cost"),
        (say("theirs ({n})", n=formats.count(row["n_theirs"])), row["value_theirs"], "plain"),
    )

    def told(value: float) -> str:
        if row["shape"] == SHARE:
            return formats.share(value)
        if row["shape"] == RATIO or row["metric"] == "wait":
            return formats.minutes(value)
        return f"{formats.number(value, 2)} {say(row['unit'])}"

    bars = [BarRow(name, value, told(value), tone) for name, value, tone in named]
    note = say("Vermillion: ours; blue: theirs; in brackets the cases. The gap and its interval stand above.")
    return _bars(say("Ours and theirs"), note, bars)
