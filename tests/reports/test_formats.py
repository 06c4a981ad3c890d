"""Numbers as text."""

from __future__ import annotations

import datetime as dt

import pytest

from mining.sentences import all_of, any_of
from reports import formats
from reports.svg import plain, rounded_path, wrap

T = formats.THIN


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (formats.count(8920), f"8{T}920"),
        (formats.count(None), "–"),
        (formats.small_count(3, 5), f"<{T}5"),
        (formats.small_count(0, 5), "0"),
        (formats.small_count(5, 5), "5"),
        (formats.small_count(40, 5, n_people=2), f"<{T}5"),
        (formats.count_short(980), "980"),
        (formats.count_short(1049), f"1.0{T}k"),
        (formats.count_short(128_400), f"128{T}k"),
        (formats.count_short(999_700), f"1.0{T}M"),
        (formats.signed(-3.1), "−3.1"),
        (formats.signed(6.8), "+6.8"),
        (formats.signed(-0.001, 1), "0.0"),
        (formats.share(0.412), f"41.2{T}%"),
        (formats.share(0.9999), f">{T}99.9{T}%"),
        (formats.share(1.0), f"100{T}%"),
        (formats.share(0.004), f"0.40{T}%"),
        (formats.ratio(1, 0), "–"),
        (formats.duration(0), "0"),
        (formats.duration(40_000), f"40{T}s"),
        (formats.duration(4 * 60_000), f"4{T}min"),
        (formats.duration(5 * 3_600_000), f"5{T}h"),
        (formats.duration(43 * 3_600_000), f"1.8{T}d"),
        (formats.duration(2_000 * 86_400_000), f"2{T}000{T}d"),
        (formats.duration_parts(2_000 * 86_400_000), (f"2{T}000", "d")),
        (formats.duration_parts(0), ("0", "")),
        (formats.duration(None), "–"),
        (formats.date_long(dt.date(2026, 3, 1)), "1 March 2026"),
        (formats.date_in_year(dt.date(2026, 10, 4)), "4\u00a0Oct"),
        (formats.plural(1, "{n} journey", "{n} journeys"), "1 journey"),
        (formats.plural(8920, "{n} journey of {m}", "{n} journeys of {m}", m=3), f"8{T}920 journeys of 3"),
        (all_of(["a", "b", "c"]), "a, b and c"),
        (any_of(["a", "b", "c"]), "a, b or c"),
        (any_of(["a"]), "a"),
    ],
)  # fmt: skip
def test_written(got: str, wanted: str) -> None:
    assert got == wanted


def test_a_sentence_is_split_at_its_intervals() -> None:
    assert formats.prose('7.4 % [5.1 to 10.6 %] of 1,007 reached "Pays"') == [
        (f"7.4{T}%", False), (f" [5.1 to 10.6{T}%]", True), (f" of 1{T}007 reached “Pays”", False),
    ]  # fmt: skip


def test_a_number_keeps_its_sign_on_its_line_and_labels_stay_as_they_are() -> None:
    told = "".join(text for text, _ in formats.prose('The process tolerates 1.0 %. "Takes 1,000 at 5 %" had 3,400.'))
    assert told == f"The process tolerates 1.0{T}%. “Takes 1,000 at 5 %” had 3{T}400."


def test_a_minus_is_no_hyphen_and_a_hyphen_no_minus() -> None:
    told = formats.prose('It is -1.83 [-2.07 to +0.60], 5-7 in all, from 2026-01-05 on; F-01 and "-3" stay.')
    assert "".join(text for text, _ in told) == (
        "It is −1.83 [−2.07 to +0.60], 5-7 in all, from 2026-01-05 on; F-01 and “-3” stay."
    )


def test_text_for_drawings() -> None:
    assert plain("a\u202eb\u0000c\nd") == "a\ufffdb\ufffdc d" or plain("a\u202eb") == "a\ufffdb"
    assert wrap("Looks at a product", 60, 2) == ["Looks at", "a product"]
    assert wrap("x" * 90, 50, 2)[-1].endswith("…")
    assert rounded_path([(0, 0), (10, 0), (10, 10)], 4).startswith("M0 0L6 0Q10 0 10 4")
