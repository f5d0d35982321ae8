import json
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from mh_batch.datasets.generation import draw_plan, load_generation_recipe
from mh_batch.datasets.generation.answers import ModelAnswer, RefusedText, TakenText, parse_texts, screen_answers
from tests.texts import PLANTED

TEXTS = st.lists(st.text(), max_size=6)
PROSE = st.text(alphabet="abc äß.,:!\n*`#", max_size=40)


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ('{"texts": ["a", "b"]}', ["a", "b"]),
        ('```json\n{"texts": ["a", "b"]}\n```', ["a", "b"]),
        ('Sure! Here [as asked] it is:\n{"texts": ["a"]}\nI hope that "helps" [x].', ["a"]),
        ('["a", "b"]', ["a", "b"]),
        ('{"texts": ["a", "b",],}', ["a", "b"]),
        ('{"texts": ["a" , , "b"]}', ["a", "b"]),
        ('{"texts": ["a", "b", "cut of', ["a", "b", None]),
        ('{"texts": ["a", "the last "one" breaks"]}', ["a", None]),
        ('{"texts": ["a", "b"', ["a", "b"]),
        ('{"texts": ["a", "b",', ["a", "b"]),
        ('{"texts": ["a\nb"]}', ["a\nb"]),
        ('{"texts": ["\\u00e4 \\"q\\""]}', ['ä "q"']),
        ('{"texts": []}', []),
        ('{"texts": ["a", 3, null, {"text": "b"}]}', ["a", 3, None, {"text": "b"}]),
        ('{"texts": ["a", "she said "no" to me", "b"]}', ["a", None, "b"]),
        ('{"texts": ["she said, "no", twice", "b"]}', [None, "b"]),
        ("I would rather not write this.", None),
        ("", None),
        ('{"answer": "none"}', None),
    ],
)
def test_texts_are_read_out_of_what_models_write(answer: str, texts: list[object] | None) -> None:
    assert parse_texts(answer) == texts


@given(TEXTS, PROSE, PROSE, st.booleans())
def test_whatever_stands_around_the_json_texts_come_back(
    texts: list[str], before: str, after: str, ascii_only: bool
) -> None:
    written = json.dumps({"texts": texts}, ensure_ascii=ascii_only, indent=1)
    assert parse_texts(f"{before}{written}{after}") == texts


@given(TEXTS, st.data())
def test_of_an_answer_that_is_cut_off_whole_texts_are_kept_and_no_part_of_one(
    texts: list[str], data: st.DataObject
) -> None:
    written = json.dumps({"texts": texts})
    cut = data.draw(st.integers(written.index("[") + 1, len(written)))
    read = parse_texts(written[:cut])
    # Counted by what json.dumps writes before each text begins and ends.
    whole = sum(len(json.dumps({"texts": texts[: i + 1]})) - 2 <= cut for i in range(len(texts)))
    begun = sum(len(json.dumps({"texts": [*texts[:i], ""]})) - 4 < cut for i in range(len(texts)))
    assert read == texts[:whole] + [None] * (begun - whole)


@given(st.text(alphabet='[]{}",:\\ntexs é', max_size=60))
def test_no_answer_makes_the_reader_fail(answer: str) -> None:
    read = parse_texts(answer)
    assert read is None or isinstance(read, list)


PLAN = draw_plan(load_generation_recipe(), 1, "anthropic", 10)
ENGLISH = PLAN.requests[0]
LANGUAGES = ("en", "de", "fr", "it", "pt", "es")
LONG_GERMAN = "Heute Morgen war ich mit dem Hund am Fluss und habe lange nachgedacht."


def reasons(*texts: object, longest: int = 340) -> list[str]:
    answer = ModelAnswer("id", "succeeded", text=json.dumps({"texts": texts}))
    judged = screen_answers([(ENGLISH, answer)], longest, LANGUAGES)
    return [one.reason if isinstance(one, RefusedText) else "taken" for one in judged]


def test_each_text_outside_the_rules_is_refused_with_its_reason() -> None:
    assert ENGLISH.language == "en"
    sentence = "The heron waited beside the violet turbine until the evening came."
    assert reasons(
        sentence, sentence.upper(), "  The heron, waited beside the violet turbine until the evening came!"
    ) == [
        *("taken", "duplicate", "duplicate"),
    ]
    assert reasons("", "Two words", "Three words here", 7, {"text": sentence}, None) == [
        *("too_short", "too_short", "taken", "not_a_string", "not_a_string", "unreadable_text"),
    ]
    assert reasons("word " * 340, "other " * 341) == ["taken", "too_long"]
    assert reasons(LONG_GERMAN, "Heute war ich am Fluss.") == ["other_language", "taken"]


def test_duplicates_are_found_across_answers_and_the_first_in_the_plan_is_taken() -> None:
    answer = ModelAnswer("id", "succeeded", text=json.dumps({"texts": ["Three words here"]}))
    judged = list(screen_answers([(one, answer) for one in PLAN.requests[:3]], 340, LANGUAGES))
    assert [type(one) for one in judged] == [TakenText, RefusedText, RefusedText]
    assert judged[0].request is PLAN.requests[0]


def test_an_answer_without_texts_is_refused_as_a_whole() -> None:
    answer = ModelAnswer("id", "succeeded", text=f"I would rather not. {PLANTED[0]}")
    declined = replace(answer, text="", stop_reason="refusal")
    judged = list(screen_answers([(ENGLISH, answer), (ENGLISH, declined)], 340, LANGUAGES))
    assert [(one.number, one.reason) for one in judged if isinstance(one, RefusedText)] == [
        *((None, "unreadable_answer"), (None, "declined")),
    ]
