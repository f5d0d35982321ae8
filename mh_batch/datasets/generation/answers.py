"""Answers of a language model: the texts that can be read out of them, and which of these are taken."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from mh_batch.corpus import detect_language
from mh_batch.datasets.generation.generation_plan import Request
from mh_batch.datasets.text_features import comparable

Fate = Literal["succeeded", "errored", "canceled", "expired"]

_NAMED_LIST = re.compile(r'"texts"\s*:\s*\[')
_FIRST_LIST = re.compile(r"\[(?=\s*[\"\]])")
_BETWEEN_ENTRIES = re.compile(r"[\s,]*")
_BEFORE_NEXT = re.compile(r"\s*(?=[,\]]|$)")
_NEXT_STRING = re.compile(r'"\s*,\s*(?=")')
# Models break lines inside of strings; strictly, JSON allows none.
_DECODER = json.JSONDecoder(strict=False)

DECLINED = "declined"
UNREADABLE_ANSWER = "unreadable_answer"
UNREADABLE_TEXT = "unreadable_text"
NOT_A_STRING = "not_a_string"
TOO_SHORT = "too_short"
TOO_LONG = "too_long"
OTHER_LANGUAGE = "other_language"
DUPLICATE = "duplicate"

_FEWEST_WORDS = 3
# On fewer words the detection of the language is unsure.
_DETECTABLE_WORDS = 8


@dataclass(frozen=True)
class ModelAnswer:
    """The fate of one request, as the output folder stores it.

    Attributes:
        error: Type of the error where it errored; never the message.
        model: The model that answered.
        text: All text of the answer.
        stop_reason: Why the model stopped, such as end_turn or max_tokens.
        input_tokens: Tokens paid for, those of caches included.
        output_tokens: Likewise.
    """

    custom_id: str
    fate: Fate
    error: str = ""
    model: str = ""
    text: str = ""
    stop_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


def parse_texts(answer: str) -> list[object] | None:
    """Return the entries of `{"texts": [...]}` in a model's answer; None if there is no such list.

    Code fences and prose around the JSON, a bare list, trailing commas and line breaks inside of strings are passed
    over. An entry that cannot be read comes back as None: one with bare quotation marks in it, or the last one where
    the answer was cut off.
    """
    start = _NAMED_LIST.search(answer) or _FIRST_LIST.search(answer)
    return _entries(answer, start.end()) if start else None


def _entries(answer: str, position: int) -> list[object]:
    entries: list[object] = []
    next_entry: int | None = position
    while next_entry is not None:
        position = _after_separators(answer, next_entry)
        if position == len(answer) or answer[position] == "]":
            break
        entry, next_entry = _entry(answer, position)
        entries.append(entry)
    return entries


def _after_separators(answer: str, position: int) -> int:
    separators = _BETWEEN_ENTRIES.match(answer, position)
    return separators.end() if separators else position


def _entry(answer: str, position: int) -> tuple[object, int | None]:
    """Read the entry at a position; None for one that cannot be read. With it, where to go on, or None for nowhere."""
    try:
        entry, end = _DECODER.raw_decode(answer, position)
        if _BEFORE_NEXT.match(answer, end):
            return entry, end
    except (ValueError, RecursionError):
        pass
    following = _NEXT_STRING.search(answer, position + 1)
    return None, following.end() if following else None


@dataclass(frozen=True)
class TakenText:
    """A text that is taken. `number` is its place in the answer, from 0."""

    request: Request
    answer: ModelAnswer
    number: int
    text: str
    words: int


@dataclass(frozen=True)
class RefusedText:
    """A text that is not taken, and why. `number` is its place in the answer; null where the whole answer is none."""

    request: Request
    answer: ModelAnswer
    number: int | None
    reason: str


def screen_answers(
    answered: Iterable[tuple[Request, ModelAnswer]], longest_words: int, languages: tuple[str, ...]
) -> Iterator[TakenText | RefusedText]:
    """Hold the texts of all answers against the rules, in the order given; of duplicates the first is taken.

    Args:
        answered: Answers that succeeded, each with the request that it answers.
        longest_words: Texts of more words are refused.
        languages: ISO 639-1 codes among which the language of a text is detected.
    """
    seen: set[str] = set()
    for request, answer in answered:
        entries = parse_texts(answer.text)
        if entries is None:
            declined = answer.stop_reason == "refusal"
            yield RefusedText(request, answer, None, DECLINED if declined else UNREADABLE_ANSWER)
        for number, entry in enumerate(entries or []):
            if not isinstance(entry, str):
                yield RefusedText(request, answer, number, UNREADABLE_TEXT if entry is None else NOT_A_STRING)
            elif reason := _objection(entry, request.language, longest_words, languages):
                yield RefusedText(request, answer, number, reason)
            elif (key := comparable(entry)) in seen:
                yield RefusedText(request, answer, number, DUPLICATE)
            else:
                seen.add(key)
                yield TakenText(request, answer, number, entry.strip(), len(entry.split()))


def _objection(text: str, language: str, longest_words: int, languages: tuple[str, ...]) -> str | None:
    words = len(text.split())
    if words < _FEWEST_WORDS:
        return TOO_SHORT
    if words > longest_words:
        return TOO_LONG
    if words >= _DETECTABLE_WORDS and detect_language(text, languages) != language:
        return OTHER_LANGUAGE
    return None
