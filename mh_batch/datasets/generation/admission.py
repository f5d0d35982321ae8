"""Which texts of the answers are taken, and why the others are not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mh_batch.corpus.language import detect_language
from mh_batch.datasets.comparable import comparable
from mh_batch.datasets.generation.answers import Answer, read_texts
from mh_batch.datasets.generation.plan import Request

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
class Taken:
    """A text that is taken. `number` is its place in the answer, from 0."""

    request: Request
    answer: Answer
    number: int
    text: str
    words: int


@dataclass(frozen=True)
class Refused:
    """A text that is not taken, and why. `number` is its place in the answer; null where the whole answer is none."""

    request: Request
    answer: Answer
    number: int | None
    reason: str


def judge(
    answered: Iterable[tuple[Request, Answer]], longest_words: int, languages: tuple[str, ...]
) -> Iterator[Taken | Refused]:
    """Hold the texts of all answers against the rules, in the order given; of duplicates the first is taken.

    Args:
        answered: Answers that succeeded, each with the request that it answers.
        longest_words: Texts of more words are refused.
        languages: ISO 639-1 codes among which the language of a text is detected.
    """
    seen: set[str] = set()
    for request, answer in answered:
        entries = read_texts(answer.text)
        if entries is None:
            declined = answer.stop_reason == "refusal"
            yield Refused(request, answer, None, DECLINED if declined else UNREADABLE_ANSWER)
        for number, entry in enumerate(entries or []):
            if not isinstance(entry, str):
                yield Refused(request, answer, number, UNREADABLE_TEXT if entry is None else NOT_A_STRING)
            elif reason := _objection(entry, request.language, longest_words, languages):
                yield Refused(request, answer, number, reason)
            elif (key := comparable(entry)) in seen:
                yield Refused(request, answer, number, DUPLICATE)
            else:
                seen.add(key)
                yield Taken(request, answer, number, entry.strip(), len(entry.split()))


def _objection(text: str, language: str, longest_words: int, languages: tuple[str, ...]) -> str | None:
    words = len(text.split())
    if words < _FEWEST_WORDS:
        return TOO_SHORT
    if words > longest_words:
        return TOO_LONG
    if words >= _DETECTABLE_WORDS and detect_language(text, languages) != language:
        return OTHER_LANGUAGE
    return None
