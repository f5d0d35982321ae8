import pytest

from mh_batch.corpus.language import detect_language
from mh_batch.models import known_languages

SENTENCES = {
    "en": "This morning I walked along the river and bought some bread.",
    "de": "Heute Morgen bin ich am Fluss entlang gegangen und habe Brot gekauft.",
    "fr": "Ce matin, j'ai marché le long de la rivière et acheté du pain.",
    "it": "Questa mattina ho camminato lungo il fiume e comprato del pane.",
    "pt": "Esta manhã caminhei ao longo do rio e comprei pão.",
    "es": "Esta mañana caminé por la orilla del río y compré pan.",
}


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items())
def test_sentences_are_recognised(language: str, sentence: str) -> None:
    assert detect_language(sentence, known_languages()) == language


def test_only_the_given_languages_are_chosen_from() -> None:
    assert detect_language(SENTENCES["pt"], ("en", "es")) == "es"
