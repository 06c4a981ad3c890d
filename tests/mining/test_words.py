"""Words follow the grade of evidence: what the linter takes and what it refuses."""

from __future__ import annotations

import pytest
from records_made import made

from ingest.language import LOCALES, speaking
from mining.words import lint
from reports import texts


@pytest.mark.parametrize(
    ("text", "lowest"),
    [
        ("12 journeys went back and forth, twice each", "D"),
        ("The call goes with the visit, after accounting for stage", "D"),
        ("A count: it does not say what caused it", "D"),
        ("Whether calls lead to another is not shown", "D"),
        ('"Calls because of a refund" came again', "D"),
        ("“Due to damage” came again", "D"),
        ("Of 100 calls about 18 lead to a further call", "B"),
        ("The new menu reduced calls by 4", "B"),
        ("The new menu most likely caused 4 calls", "B"),
        ("The new menu caused 4 calls", "A"),
        ("Calls come because the page is silent", "A"),
        ("No number is missing. The page caused it", "A"),
    ],
)
def test_a_sentence_needs_its_grade(text: str, lowest: str) -> None:
    assert needed("en", text) == lowest


def needed(language: str, text: str) -> str:
    """The lowest grade that may say a text."""
    with speaking(language):
        clean = "".join(grade for grade in "ABCD" if not lint(text, grade))
    assert "ABCD".startswith(clean), "what a grade may say, every better one may"
    return clean[-1]


@pytest.mark.parametrize(
    ("text", "lowest"),
    [
        # observed, adjusted, quoted
        ("12 jornadas foram e voltaram, duas vezes cada uma", "D"),
        ("A ligação acompanha a visita, descontada a etapa", "D"),
        ("Provavelmente uma única ação registrada duas vezes", "D"),
        ('"Ligações por causa de um reembolso" veio de novo', "D"),
        ("“Devido a danos” veio de novo", "D"),
        ("Nos dados, no registro e nas jornadas nada falta", "D"),
        ("O cliente pergunta por que a encomenda não chegou", "D"),
        ("Isso levou 12 minutos em geral", "D"),
        # denied or left open
        ("É uma contagem: não diz o que a causou", "D"),
        ("O registro não prova nada, nem mostra o que provocou a ligação", "D"),
        ("Ninguém sabe o que causou isso", "D"),
        ("Nenhum teste comprova isso", "D"),
        ("Sem dizer o que o causou", "D"),
        ("Se as ligações levam a outra não está demonstrado", "D"),
        ("Se ligações sobre {subject} levam a outra em {days}, não está demonstrado", "D"),
        ("Resta saber se leva a outra ligação", "D"),
        ("Está em aberto se a página causou a ligação", "D"),
        ("Fica em aberto se {step} causa outra ligação", "D"),
        # an effect
        ("De 100 ligações, 18 levam a outra", "B"),
        ("A página levou os clientes a ligar", "B"),
        ("O novo menu reduziu as ligações em 4", "B"),
        ("Isso resulta em mais ligações", "B"),
        ("O formulário economiza tempo", "B"),
        ("O aviso aumenta as ligações", "B"),
        ("O aviso impede a ligação", "B"),
        ("O aviso desencadeia ligações", "B"),
        ("A espera provoca ligações", "B"),
        ("A página faz com que o cliente ligue", "B"),
        ("O menu novo muito provavelmente causou 4 ligações", "B"),
        ("As 4 ligações muito provavelmente foram causadas pelo menu", "B"),
        # the reflexive pronoun leaves nothing open
        ("O que se repete reduz o tempo livre", "B"),
        ("O passo repete-se e leva a outra ligação", "B"),
        ("A fila se forma e se mantém porque a página demora", "A"),
        # a proof
        ("O novo menu causou 4 ligações", "A"),
        ("Provavelmente causou 4 ligações", "A"),
        ("Os clientes ligam porque a página demora", "A"),
        ("Os clientes ligam por causa da página", "A"),
        ("Isso ocorreu devido à página", "A"),
        ("Graças ao menu há menos ligações", "A"),
        ("Como resultado da mudança há menos ligações", "A"),
        ("O teste comprovou o efeito", "A"),
        ("Está provado que funciona", "A"),
        ("A causa é a página", "A"),
        ("Nenhum número falta. A página causou isso", "A"),
        ("Não só causou atraso", "A"),
        ("No registro, a página causou isso", "A"),
    ],
)
def test_a_portuguese_sentence_needs_its_grade(text: str, lowest: str) -> None:
    assert needed("pt", text) == lowest


@pytest.mark.parametrize(
    ("text", "lowest"),
    [
        # observed, adjusted, quoted
        ("12 paglalakbay ang nagpabalik-balik, tigdalawang beses", "D"),
        ("Kasabay ng pagbisita ang tawag, matapos isaalang-alang ang yugto", "D"),
        ("Malamang na iisang gawain na dalawang beses naitala", "D"),
        ('Naulit ang "Tawag dahil sa refund"', "D"),
        ("{share} ng mga paglalakbay ang nagpatuloy nang walang {step}", "D"),
        ("May dagdag na 12 minuto sa bawat linggo", "D"),
        # denied or left open
        ("Isang bilang: hindi sinasabi kung ano ang sanhi nito", "D"),
        ("Walang nagpapatunay nito", "D"),
        ("Wala sa datos ang nagdulot nito", "D"),
        ("Huwag sabihing napatunayan ito", "D"),
        ("Nang walang sinasabi tungkol sa sanhi", "D"),
        ("Kung humahantong sa isa pa ang mga tawag ay hindi pa naipakikita", "D"),
        # an effect
        ("Sa 100 tawag, 18 ang humahantong sa isa pang tawag", "B"),
        ("Nagresulta ito sa mas maraming tawag", "B"),
        ("Nagreresulta ito sa mas maraming tawag", "B"),
        ("Nakakatipid ng oras ang pormularyo", "B"),
        ("Nagbabawas ng tawag ang bagong menu", "B"),
        ("Binawasan ng bagong menu ang mga tawag", "B"),
        ("Nagpapataas ng bilang ng tawag ang paalala", "B"),
        ("Itinutulak nito ang mga kustomer na tumawag", "B"),
        ("Pinipigilan nito ang tawag", "B"),
        ("Pumipigil ito sa tawag", "B"),
        ("Malamang na sanhi ng bagong menu ang 4 na tawag", "B"),
        # "without", "fewer than", "where" and "therefore" leave nothing open
        ("Nang walang tulong ay humahantong ito sa tawag", "B"),
        ("Wala pang 5 kustomer ang tumawag dahil sa pahina", "A"),
        ("Ang pahina kung saan nagdulot ng tawag ang menu", "A"),
        ("Mabagal, kung kaya nagdulot ng tawag", "A"),
        # a proof
        ("Nagdulot ng 4 na tawag ang bagong menu", "A"),
        ("Tumatawag sila dahil sa pahina", "A"),
        ("Dulot ng pahina ang tawag", "A"),
        ("Bunga ng pagbabago ang tawag", "A"),
        ("Salamat sa menu, kaunti ang tawag", "A"),
        ("Bilang resulta, dumami ang tawag", "A"),
        ("Napatunayan na ang pahina ang may gawa", "A"),
        ("Hindi lang ito nagdulot ng tawag", "A"),
        ("Walang kulang na bilang. Ang pahina ang sanhi", "A"),
    ],
)
def test_a_filipino_sentence_needs_its_grade(text: str, lowest: str) -> None:
    assert needed("fil", text) == lowest


@pytest.mark.parametrize("language", sorted(set(LOCALES) - {"en"}))
def test_a_translation_says_no_more_than_the_english_text(language: str) -> None:
    """Of what findings say; names and places stay as they are."""
    told = [
        (texts.forms(message.id), texts.forms(message.string))
        for message in texts.read(language)
        if message.id and any(path.startswith("mining/") for path, _ in message.locations)
    ]
    plain = [forms for english, forms in told if not any(lint(text, "D") for text in english)]
    with speaking(language):
        assert [(text, found) for forms in plain for text in forms if (found := lint(text, "D"))] == []


def test_a_problem_names_word_and_grade() -> None:
    assert lint("It saves time due to the form.", "D") == [
        "grade D must not say 'saves'", "grade D must not say 'due to'",
    ]  # fmt: skip


def test_a_name_of_the_site_is_not_our_word() -> None:
    """A shop whose agents ask for the "cause of damage" must not end its night on that."""
    asked = "Customers are asked for the cause of damage again"
    assert lint(asked, "D") and not lint(asked, "D", ["cause of damage"])
    assert made(where={"item": "cause of damage"}, title=f"{asked} in 9.0 % [8.0 to 10.0 %]").title
    assert lint("They come because of it", "D", ["a", "use"]), "a short name takes no word of ours apart"
