"""Which words a finding's sentences may use, by its grade of evidence (method note 0.8), and the linter that holds them
to it.

    A  randomised                              it caused
    B  compared with a control or with itself  it most likely caused, leads to
    C  adjusted association                    it goes with, after accounting for
    D  counted, nothing compared               it was observed: had, came again, went on without

The words are those of the language that is spoken (mining/lexicon.py). A word is free where its sentence denies it or
leaves it open before it comes ("does not say what caused it", "whether calls lead to another"), and in straight double
quotes: step labels are the customer's words, not ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ingest.language import language
from mining.lexicon import LEXICONS, Lexicon

_SENTENCE = re.compile(r"(?<=[.!?;:])\s+")
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”')


def lint(text: str, grade: str, names: Iterable[str] = ()) -> list[str]:
    """What `text` says that a finding of this grade must not say; empty when all is well.

    `names`: texts of the site (an item that is asked for, a product) that stand in it without quotes.
    """
    own, lexicon = text, LEXICONS[language()]
    for name in sorted(names, key=len, reverse=True):
        own = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "...", own)
    problems = []
    for sentence in _SENTENCE.split(_QUOTED.sub('""', own)):
        found = {
            match.start(): match for pattern in (lexicon.proof, lexicon.effect) for match in pattern.finditer(sentence)
        }
        problems += [
            f"grade {grade} must not say {match.group(0)!r}"
            for start, match in sorted(found.items())
            if not lexicon.denials.search(sentence[:start]) and not _is_allowed(match, sentence[:start], grade, lexicon)
        ]
    return problems


def _is_allowed(match: re.Match[str], before: str, grade: str, lexicon: Lexicon) -> bool:
    if grade == "A":
        return True
    return grade == "B" and (match.re is lexicon.effect or lexicon.likely.search(before) is not None)
