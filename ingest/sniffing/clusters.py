"""Codes put together to patterns of the step dictionary: addresses by the shape of their paths.

A part of a path stays as it stands where few others stand in its place; else it varies, and becomes `*`, or `{product}`
and `{order}` where the part before it says so. What varies holds names of goods and, at times, of people.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping

MAX_BRANCHES = 12
MAX_LITERAL = 200
_CODE = re.compile(r"^(\S+) (/[^ ]*?)( -> \dxx| .*)?$")
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}(\.[a-z]{2,5})?")
_AFTER = {
    "product": r"(product|item|dp|p|sku|artikel|produto)s?",
    "order": r"(order|track|bestellung|pedido|invoice)s?",
}
_SCRUBBED = re.compile(r"\{\w*\}")


def patterns(codes: Mapping[str, int]) -> dict[str, int]:
    """Patterns that together match all of the codes, each with the events of the codes it was made of, most first."""
    paths: dict[str, int] = {}
    found: Counter[str] = Counter()
    for code, n in codes.items():
        if _CODE.match(code):
            paths[code] = n
        else:
            found[literal(code)] += n
    if len(found) > MAX_LITERAL:
        found = _by_first_word(found)
    found.update(_shapes(paths))
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def literal(code: str) -> str:
    """A code as a pattern that matches it: what stands in braces was taken out of it, and varies."""
    return _SCRUBBED.sub("*", code).replace("{", "*").replace("}", "*")


def _by_first_word(codes: Mapping[str, int]) -> Counter[str]:
    words = Counter(code.split(" ", 1)[0] for code in codes)
    found: Counter[str] = Counter()
    for code, n in codes.items():
        word = code.split(" ", 1)[0]
        found[f"{word}*" if words[word] > MAX_BRANCHES else code] += n
    return found


def _shapes(codes: Mapping[str, int]) -> Counter[str]:
    branches: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    parted: dict[str, tuple[str, list[str], str]] = {}
    for code in codes:
        match = _CODE.match(code)
        assert match
        parts = match[2][1:].split("/")  # with its last slash an address is another one
        parted[code] = match[1], parts, match[3] or ""
        for depth, part in enumerate(parts):
            branches[(match[1], *parts[:depth])].add(part)
    found: Counter[str] = Counter()
    for code, (verb, parts, rest) in parted.items():
        ending = rest if rest.startswith(" -> ") else "*" if rest else ""
        found[_shape(verb, parts, branches) + ending] += codes[code]
    return found


def _shape(verb: str, parts: list[str], branches: Mapping[tuple[str, ...], set[str]]) -> str:
    """The path with what varies replaced; behind a `*` nothing is told apart."""
    path = f"{verb} "
    for depth, part in enumerate(parts):
        most = MAX_BRANCHES if depth else 4 * MAX_BRANCHES
        others = branches[(verb, *parts[:depth])]
        if part == "" or (_WORD.fullmatch(part) and len(others) <= most):
            path += "/" + literal(part)
            continue
        before = parts[depth - 1].lower() if depth else ""
        name = next((name for name, words in _AFTER.items() if re.fullmatch(words, before)), None)
        if name == "order" and not re.search(r"\d", part):
            name = None
        if name is None:
            return path + "/*"
        path += "/{" + name + "}"
        if depth + 1 < len(parts):
            return path + "/*"
        return path
    return path
