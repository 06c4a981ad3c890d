"""The scores as a Markdown table, with what was not judged said as such."""

from __future__ import annotations

from collections import Counter

from judged_whatif import FORECASTS, SMALL, scored
from matching import Record, match
from scores import Score, cost_rank

HEAD = (
    "kind", "plants", "detectable", "recall", "confirmed", "precision", "coverage of 95 %", "bias", "q <= 0.1 false",
    "of customers, not needs", "null worlds with a false alarm", "gates",
)  # fmt: skip


def table(worlds: list[Record], scores: dict[str, Score]) -> str:
    """One row for each kind; below it what is false, and what was not judged."""
    rows = [HEAD, ("---",) * len(HEAD)] + [_row(kind, one) for kind, one in scores.items()]
    counts = Counter(world["world"] for world in worlds)
    told = ", ".join(f"{n} x {name}" for name, n in sorted(counts.items()))
    seconds = [sum(world["seconds"].values()) for world in worlds]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines += ["", f"Worlds: {told}; {sum(seconds) / max(1, len(seconds)):.0f} s each."]
    return "\n".join(lines + _costs(scores) + _forecasts(worlds) + _false(worlds))


def failures(scores: dict[str, Score]) -> dict[str, list[str]]:
    """The gates that do not hold, by kind."""
    return {kind: found for kind, one in scores.items() if (found := one.failures())}


def _row(kind: str, one: Score) -> tuple[str, ...]:
    return (
        f"`{kind}`",
        str(one.planted) if one.planted else "none planted",
        str(one.detectable),
        _share(one.recall, one.detectable),
        str(one.confirmed),
        _share(one.precision, one.confirmed),
        _share(one.covering / one.intervals if one.intervals else None, one.intervals),
        "" if one.bias is None else f"{100 * one.bias:+.0f} %",
        f"{one.q_false} of {one.q_small}" if one.q_small else "",
        str(one.habits or ""),
        f"{one.alarmed_worlds} of {one.null_worlds}",
        "; ".join(one.failures()) or "hold",
    )


def _share(value: float | None, n: int) -> str:
    return "" if value is None else f"{value:.2f} of {n}"


def _costs(scores: dict[str, Score]) -> list[str]:
    """One line on how well the minutes of confirmed findings agree with the planted ones."""
    found = cost_rank(scores)
    if found is None:
        return []
    rank, ratio, n = found
    return [f"Cost: rank correlation {rank:.2f} with the planted customer minutes, told / true {ratio:.2f}, of {n}."]


def failures_of_forecasts(worlds: list[Record]) -> list[str]:
    """What does not hold of the forecasts."""
    return [told for name in FORECASTS for told in scored(worlds, name).failures()]


def _forecasts(worlds: list[Record]) -> list[str]:
    """What came of the forecasts of account executives, who the generator then really had; and of a small site's."""
    return [line for name in FORECASTS for line in _forecast(worlds, name)]


def _forecast(worlds: list[Record], name: str) -> list[str]:
    found = scored(worlds, name)
    if not found.n:
        return []
    untold = ", ".join(f"{n} {why}" for why, n in sorted(found.untold.items())) or "none"
    gates = "; ".join(found.failures()) or "hold"
    if name == SMALL:
        return [f"Forecasts of a small site ({name}): {found.n}; can't be told: {untold}. Gates: {gates}."]
    return [
        f"Forecasts ({name}): {found.n}; can't be told: {untold}; of the {found.told} told the sign is right in "
        f"{found.sign_right}, the interval covers the truth in {found.covering}; told or not, it covers in "
        f"{found.covering_all}. Gates: {gates}."
    ]


def _false(worlds: list[Record]) -> list[str]:
    """The false confirmed findings, most frequent first."""
    seen: Counter[str] = Counter()
    first: dict[str, str] = {}
    for world in worlds:
        verdict = match(world)
        for finding, word in [(f, "false") for f in verdict.false] + [(f, "habit") for f in verdict.habits]:
            place = {key: value for key, value in finding["where"].items() if key != "process"}
            name = f"{word} `{finding['kind']}` {place}"
            seen[name] += 1
            first.setdefault(name, f"{world['world']} seed {world['seed']}")
    said = [f"- {n} x {name} (first {first[name]})" for name, n in seen.most_common()]
    return ["", "Confirmed, and false; or true of customers who come back, not of one need:", *said] * bool(seen)
