import json
from dataclasses import replace

from mh_batch.datasets.generation import draw_plan, load_recipe
from mh_batch.datasets.generation.admission import Refused, Taken, judge
from mh_batch.datasets.generation.answers import Answer
from tests.texts import PLANTED

PLAN = draw_plan(load_recipe(), 1, "anthropic", 10)
ENGLISH = PLAN.requests[0]
LANGUAGES = ("en", "de", "fr", "it", "pt", "es")
LONG_GERMAN = "Heute Morgen war ich mit dem Hund am Fluss und habe lange nachgedacht."


def reasons(*texts: object, longest: int = 340) -> list[str]:
    answer = Answer("id", "succeeded", text=json.dumps({"texts": texts}))
    judged = judge([(ENGLISH, answer)], longest, LANGUAGES)
    return [one.reason if isinstance(one, Refused) else "taken" for one in judged]


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
    answer = Answer("id", "succeeded", text=json.dumps({"texts": ["Three words here"]}))
    judged = list(judge([(one, answer) for one in PLAN.requests[:3]], 340, LANGUAGES))
    assert [type(one) for one in judged] == [Taken, Refused, Refused]
    assert judged[0].request is PLAN.requests[0]


def test_an_answer_without_texts_is_refused_as_a_whole() -> None:
    answer = Answer("id", "succeeded", text=f"I would rather not. {PLANTED[0]}")
    declined = replace(answer, text="", stop_reason="refusal")
    judged = list(judge([(ENGLISH, answer), (ENGLISH, declined)], 340, LANGUAGES))
    assert [(one.number, one.reason) for one in judged if isinstance(one, Refused)] == [
        *((None, "unreadable_answer"), (None, "declined")),
    ]
