"""What comes back: an answer's fate, and the texts that can be read out of it."""

import json
import re
from dataclasses import dataclass
from typing import Literal

Fate = Literal["succeeded", "errored", "canceled", "expired"]

_NAMED_LIST = re.compile(r'"texts"\s*:\s*\[')
_FIRST_LIST = re.compile(r"\[(?=\s*[\"\]])")
_BETWEEN_ENTRIES = re.compile(r"[\s,]*")
_BEFORE_NEXT = re.compile(r"\s*(?=[,\]]|$)")
_NEXT_STRING = re.compile(r'"\s*,\s*(?=")')
# Models break lines inside of strings; strictly, JSON allows none.
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True)
class Answer:
    """What became of one request, as it is kept in the output folder.

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


def read_texts(answer: str) -> list[object] | None:
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
