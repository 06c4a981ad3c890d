"""JSON as it is delivered: one document in a file, one a line, or one after the other with nothing between them.

A file is cut before it is parsed, by its quotes, brackets and line feeds alone, so that a damaged document spoils
itself and no other. A JSON string holds no line feed: a stray quote can't reach beyond its line.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_FEED, _RETURN, _QUOTE, _BACKSLASH = 10, 13, 34, 92
_STEP = np.zeros(256, dtype=np.int8)
_STEP[list(b"{[")], _STEP[list(b"}]")] = 1, -1


def cuts(data: bytes) -> Ints:
    """Where the records of a file begin and end: n + 1 places in `data`, the first 0, the last its length.

    A record is a document, or a line that is no part of one. A file that is one document is one record.
    """
    array = np.frombuffer(data, dtype=np.uint8)
    feeds = np.flatnonzero(array == _FEED)
    places = _brackets(array, feeds)
    depth = np.cumsum(_STEP[array[places]], dtype=np.int64)
    is_whole = not len(depth) or (depth[-1] == 0 and depth.min() >= 0)
    ends = places[depth == 0]
    if is_whole and (len(ends) == 1 or not len(places)) and _is_one(data, ends):
        return np.array([0, len(data)], dtype=np.int64)
    if not is_whole:
        depth = _restarted(array, feeds, places, depth)
        ends = places[depth == 0]
    before = np.searchsorted(places, feeds) - 1
    is_between = (before < 0) | (depth[np.maximum(before, 0)] <= 0) if len(depth) else np.ones(len(feeds), dtype=bool)
    inner = np.array([end + 1 for end in ends.tolist() if _goes_on(array, end)], dtype=np.int64)
    return np.unique(np.concatenate(([0], feeds[is_between] + 1, inner, [len(data)]))).astype(np.int64)


def _brackets(array: npt.NDArray[np.uint8], feeds: Ints) -> Ints:
    """Places of the brackets and braces that stand in no string."""
    quotes = np.flatnonzero(array == _QUOTE)
    is_escaped, at = np.zeros(len(quotes), dtype=bool), quotes - 1
    running = np.arange(len(quotes))
    while len(running := running[(at[running] >= 0) & (array[np.maximum(at[running], 0)] == _BACKSLASH)]):
        is_escaped[running] ^= True
        at[running] -= 1
    quotes = quotes[~is_escaped]
    places: Ints = np.flatnonzero(_STEP[array])
    line = np.searchsorted(feeds, places)
    of_line = np.concatenate(([0], np.searchsorted(quotes, feeds)))[line]
    found: Ints = places[(np.searchsorted(quotes, places) - of_line) % 2 == 0]
    return found


def _restarted(array: npt.NDArray[np.uint8], feeds: Ints, places: Ints, depth: Ints) -> Ints:
    """Depths counted anew from each line that begins with a brace; 0 or less in a stretch whose brackets don't pair."""
    starts = np.concatenate(([0], feeds + 1))
    starts = starts[starts < len(array)]
    first = np.searchsorted(places, starts[array[starts] == ord("{")])
    first = np.unique(np.concatenate(([0], first)))
    first = first[first < len(places)]
    before = np.concatenate(([0], depth))[first]
    lengths = np.diff(np.append(first, len(places)))
    relative = depth - np.repeat(before, lengths)
    last = relative[np.append(first[1:], len(places)) - 1]
    pairs = (np.minimum.reduceat(relative, first) >= 0) & (last == 0)
    return np.where(np.repeat(pairs, lengths), relative, -1)


def _is_one(data: bytes, ends: Ints) -> bool:
    if not len(ends):
        return b"\n" not in data.strip()
    return not data[int(ends[0]) + 1 :].strip() and data.lstrip()[:1] in (b"{", b"[")


def _goes_on(array: npt.NDArray[np.uint8], end: int) -> bool:
    """Whether something follows a document in its line."""
    for place in range(end + 1, len(array)):
        if array[place] not in b" \t\r\n":
            return True
        if array[place] == _FEED:
            return False
    return False
