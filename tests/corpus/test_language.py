import pandas as pd
import pytest

from mh_batch.corpus import UNDETERMINED, detect_language
from mh_batch.corpus.language import identify_language
from mh_batch.models import known_languages
from tests.corpus.language_sentences import SENTENCES
from tests.corpus.languages import judge, shares

KNOWN = known_languages()


@pytest.mark.parametrize(("language", "sentence"), [(code, one) for code, all in SENTENCES.items() for one in all])
def test_sentences_are_recognised_among_all_languages(language: str, sentence: str) -> None:
    assert identify_language(sentence, KNOWN) == language


@pytest.mark.parametrize("language", KNOWN)
def test_of_the_languages_of_a_model_the_right_one_is_detected(language: str) -> None:
    assert {detect_language(sentence, KNOWN) for sentence in SENTENCES[language]} == {language}


@pytest.mark.parametrize(
    "text",
    ["ok", "lol", "haha", ":-)", "😂😂", "...", "12:30", "0171 2345678 / 45 %", "Ab1 9fQz8 x77-Kj", "Michael Jackson"],
)
def test_what_says_nothing_of_its_language_is_undetermined(text: str) -> None:
    assert identify_language(text, KNOWN) == UNDETERMINED


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/heute-morgen-bin-ich-am-fluss-entlang-gegangen",
        "www.example.org/this-morning-i-walked-along-the-river",
        "@this_morning_i_walked @along_the_river",
        "#thismorningiwalkedalongtheriver",
    ],
)
def test_addresses_mentions_and_hashtags_do_not_tell_a_language(text: str) -> None:
    assert identify_language(text, KNOWN) == UNDETERMINED
    german = "Heute war ein guter Tag."
    assert identify_language(f"{text} {german} {text}", KNOWN) == "de"


@pytest.mark.parametrize("text", ["I am so tired", "mir geht es nicht gut", "je suis fatigué", "buenos días"])
def test_a_few_words_are_enough_where_they_tell(text: str) -> None:
    assert identify_language(text, KNOWN) in KNOWN


def test_shouting_is_recognised() -> None:
    assert identify_language("I AM SO DONE WITH EVERYTHING", KNOWN) == "en"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("我好攰呀，唔想再返工喇。", "zh"),
        ("انا تعبان اوي ومش عارف انام بقالي اسبوع.", "ar"),
        ("No me digas que también te vas.", "es"),
    ],
    ids=["Cantonese", "Egyptian Arabic", "Spanish"],
)
def test_codes_are_those_of_two_letters_where_there_are_such(text: str, code: str) -> None:
    assert identify_language(text, KNOWN) == code


def test_in_doubt_a_text_is_in_a_language_that_is_expected() -> None:
    text = "No sé."
    assert identify_language(text, ("es",)) == "es"
    assert identify_language(text, ("gl",)) == "gl"


def test_what_no_model_knows_may_be_named_as_expected() -> None:
    assert identify_language(SENTENCES["de"][0], ("de", "tlh")) == "de"


def test_only_the_given_languages_are_chosen_from() -> None:
    assert detect_language(SENTENCES["pt"][0], ("en", "es")) == "es"


def test_sentences_are_judged_by_what_was_found() -> None:
    given = {"text": ["ok", *SENTENCES["de"], SENTENCES["nl"][0]], "language": ["en", "de", "de", "nl", "de"]}
    [row] = shares(judge(pd.DataFrame(given)).assign(all="all"), "all").to_dict("records")
    assert row == {"right": 40.0, "undetermined": 20.0, "known_by_mistake": 20.0, "lost": 20.0, "sentences": 5}
