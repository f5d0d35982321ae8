import random
import re
from collections.abc import Callable

import pytest

from mh_batch.datasets import LANGUAGES, STATES, load_grammar
from mh_batch.datasets.grammar import Phrasebook
from mh_batch.errors import UsageError

EVERY_PHRASE = pytest.mark.parametrize(
    ("language", "state"), [(language, state) for language in LANGUAGES for state in STATES]
)


@EVERY_PHRASE
def test_sentences_seldom_repeat(language: str, state: str) -> None:
    rng = random.Random(1)
    sentences = {load_grammar(language).sentence(state, rng) for _ in range(400)}
    assert len(sentences) >= 300


@EVERY_PHRASE
def test_several_thousand_sentences_come_out(language: str, state: str) -> None:
    rng = random.Random(2)
    sentences = {load_grammar(language).sentence(state, rng) for _ in range(6_000)}
    assert len(sentences) >= 3_000


@EVERY_PHRASE
def test_every_slot_is_filled_and_every_sentence_is_a_sentence(language: str, state: str) -> None:
    rng = random.Random(3)
    grammar = load_grammar(language)
    drawn = [grammar.sentence(state, rng) for _ in range(300)] + [grammar.message(state, rng) for _ in range(100)]
    for sentence in drawn:
        assert not re.search(r"[{}]|  |\s[,.]|[,;:\u2013\u2014]\.$", sentence), sentence
        assert re.match(r"¿?[^\W\d_]", sentence), sentence
        assert sentence.lstrip("¿")[0].isupper(), sentence
        assert sentence[-1] in ".?", sentence


@EVERY_PHRASE
def test_each_state_has_enough_templates(language: str, state: str) -> None:
    assert len(set(load_grammar(language).phrasebook.states[state].sentences)) >= 14


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_sentences_is_recognised(language: str, detect: Callable[[str], str]) -> None:
    rng = random.Random(4)
    sentences = [load_grammar(language).sentence(state, rng) for state in STATES for _ in range(60)]
    long_enough = [sentence for sentence in sentences if len(sentence.split()) >= 8]
    found = [detect(sentence) for sentence in long_enough]
    assert found.count(language) / len(found) >= 0.97


@pytest.mark.parametrize("n_words", [3, 8, 9, 15, 35, 90, 700])
def test_a_text_has_about_as_many_words_as_asked(n_words: int) -> None:
    rng = random.Random(5)
    texts = [load_grammar(language).text(STATES, n_words, rng) for language in LANGUAGES for _ in range(20)]
    counts = [len(text.split()) for text in texts]
    assert max(counts) <= max(n_words, 8)
    assert sum(counts) / len(counts) >= 0.7 * n_words


def test_the_same_generator_draws_the_same_text() -> None:
    grammar = load_grammar("de")
    assert grammar.text("anxious", 60, random.Random(6)) == grammar.text("anxious", 60, random.Random(6))


def test_an_unknown_language_or_state_is_refused_with_a_hint() -> None:
    with pytest.raises(UsageError, match="'pl'"):
        load_grammar("pl")
    with pytest.raises(UsageError, match="did you mean 'depressed'"):
        load_grammar("en").sentence("depression", random.Random(7))


def test_a_template_with_an_unknown_slot_is_refused() -> None:
    phrases = load_grammar("en").phrasebook.model_dump()
    phrases["states"]["neutral"]["short"] = ("a {gap} here",)
    with pytest.raises(ValueError, match="slot 'gap' of 'neutral'"):
        Phrasebook.model_validate(phrases)
