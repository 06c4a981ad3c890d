"""The words of proof and of effect, and what denies them, in each language that a site may speak (mining/words.py).

A language's lists say the same as the English ones, in the forms in which a sentence uses them; they are not
translations word by word. What a connective merely explains (as, since, pois, kaya) is in none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Lexicon:
    """proof: needs grade A, or B after `likely`. effect: needs A or B. denials: what denies a word after it in its
    sentence, or leaves it open.
    """

    proof: re.Pattern[str]
    effect: re.Pattern[str]
    denials: re.Pattern[str]
    likely: re.Pattern[str]


def _lexicon(*, proof: str, effect: str, denials: str, likely: str) -> Lexicon:
    return Lexicon(
        re.compile(rf"\b(?:{proof})\b", re.IGNORECASE),
        re.compile(rf"\b(?:{effect})\b", re.IGNORECASE),
        re.compile(denials, re.IGNORECASE),
        re.compile(rf"\b{likely}\s+$", re.IGNORECASE),
    )


_ENGLISH = _lexicon(
    proof=r"because|causes?|caused|causing|due to|owing to|thanks to|as a result of|prove[sdn]?|proven",
    effect=(
        r"leads? (?:on )?to|led (?:on )?to|leading to|results? in|resulted in|saves?|saved|saving|reduces?|reduced|"
        r"reducing|increases?|triggers?|triggered|drives?|driven by|prevents?|prevented|makes? customers"
    ),
    denials=r"\b(?:whether|not|no|nor|cannot|can't|doesn't|nothing|without saying)\b",
    likely="most likely",
)


def _verb(stem: str) -> str:
    """The forms of a regular Portuguese verb in -ar: present, past, imperfect, future, participles, infinitive."""
    return rf"{stem}(?:a|am|ou|aram|ava|avam|ará|arão|aria|ariam|ar|ando|ad[oa]s?)"


_TO = r"(?:a|ao|à|aos|às)"
_OF = r"d(?:e|[oa]s?|isto|isso|est[ea]s?|ess[ea]s?)"
_IF = (
    # "se" is "whether" or "if" at the head of a sentence, after a verb of knowing, and before a subject; elsewhere it
    # is the reflexive pronoun, which stands at its verb and denies nothing: "repete-se", "o que se reduz"
    r"^\W*se\b",
    r"\b(?:saber|sabe|sabem|dizer|diz|dizem|mostrar|mostra|mostram|indica|indicar|verificar|ver|perguntar)\s+se\b",
    r"(?<![\w-])se(?=\s+(?:os?|as?|uma?|isso|isto|el[ea]s?|est[ea]s?|ess[ea]s?|tais|há|houve)\b)",
    r"(?<![\w-])se(?=\s+[\"“{\d])",
)
_PORTUGUESE = _lexicon(
    proof=(
        rf"porque|por causa {_OF}|por conta {_OF}|por motivos? {_OF}|causas|{_verb('caus')}|devid[oa]s? {_TO}|"
        rf"graças {_TO}|como (?:resultado|consequência)|em (?:decorrência|consequência|razão|virtude|função) {_OF}|"
        rf"(?:decorre|decorrem|decorreu|decorreram|resulta|resultam|resultou|resultaram) {_OF}|"
        rf"provas|{_verb('prov')}|{_verb('comprov')}"
    ),
    effect=(
        rf"lev(?:a|am|ou|aram|ava|avam|ará|arão|ar|ando) (?:[oa]s? \w+ )?{_TO}|"
        r"result(?:a|am|ou|aram|ará|arão|ar|ando) (?:em|n[oa]s?|numa?)|"
        rf"{_verb('economiz')}|{_verb('poup')}|redu(?:z|zem|ziu|ziram|zirá|zirão|zir|zindo|zid[oa]s?)|"
        rf"diminu(?:i|em|iu|íram|irá|irão|ir|indo|íd[oa]s?)|{_verb('aument')}|{_verb('provoc')}|{_verb('ocasion')}|"
        rf"{_verb('acarret')}|desencade\w+|{_verb('impulsion')}|motivad[oa]s? por|ger(?:a|am|ou|aram|ará|arão)|"
        rf"imped(?:e|em|iu|iram|irá|irão|ir|indo|id[oa]s?)|previn(?:e|em)|preveni(?:u|ram|r|ndo)|{_verb('evit')}|"
        r"(?:faz|fazem|fez|fizeram|fará|farão|fazer|fazendo) (?:com que|[oa]s? client\w+)"
    ),
    denials="|".join(
        (
            r"\bnão\b(?! (?:só|apenas|somente)\b)",
            r"\b(?:nem|nenhuma?|nada|ninguém|nunca|tampouco|sem (?:dizer|afirmar))\b",
            *_IF,
        )
    ),
    likely=r"muito provavelmente(?: (?:é|são|foi|foram))?",
)

_FILIPINO = _lexicon(
    proof=(
        r"dahil|dahilan|sapagkat|kasi|sanhi|nagsanhi|pinagsanhian|(?:nag|mag|i)?(?:du)?dulot|idinulot|idinudulot|"
        r"bunga (?:ng|nito|nila)|bunsod (?:ng|nito|nila)|bilang (?:resulta|bunga)|salamat sa|\w*patunay\w*"
    ),
    effect=(
        r"humahantong|humantong|hahantong|nauuwi|nauwi|mauuwi|(?:nag|mag)(?:re)?resulta|(?:nag|mag)(?:bu)?bunga|"
        r"\w*tipid\w*|tinipid|\w*bawas\w*|binawas\w*|(?:nag|mag)pa(?:pa)?baba|pinababa|pinabababa|"
        r"(?:nag|mag)pa(?:pa)?(?:taas|rami|laki)|pina(?:taas|tataas|rami|rarami|laki|lalaki)|"
        r"(?:nag|mag|i)(?:tu)?tulak|itinulak|itinutulak|tinulak|tinutulak|\w*udyok|trigger\w*|"
        r"\w*pigil\w*|pumigil|pinigil\w*|\w*hadlang\w*|humadlang|hinadlang\w*"
    ),
    denials="|".join(
        (
            r"\b(?:hindi|di)\b(?! (?:lang|lamang)\b)",
            r"\bhuwag\b",
            # "nang walang" is "without", and "wala pang 5" is "fewer than 5"
            r"(?<!nang )\bwala(?:ng)?\b(?! pang\b)|\bwalang sinasabi\b",
            # "kung saan" and "kung kailan" are "where" and "when", "kung kaya" is "therefore"
            r"\bkung\b(?! (?:saan|kailan|kaya)\b)",
        )
    ),
    likely=r"malamang na(?: ang)?",
)

LEXICONS = {"en": _ENGLISH, "pt": _PORTUGUESE, "fil": _FILIPINO}
