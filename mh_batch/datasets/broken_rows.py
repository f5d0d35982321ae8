"""Rows that break the document contract on purpose, each kind a known number of times."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mh_batch.datasets.grammar import LANGUAGES, load_grammar
from mh_batch.datasets.synthetic_documents import Row

Change = Callable[[Row], Row]

LONGEST_TEXT = 1_000_000

_DONOR_WORDS = 20
# Visible to no one: zero-width spaces, no-break spaces and a byte order mark among them.
_BLANKS = ("   ", "\t\n ", "\u200b\u200b", "\u00a0\u200b \ufeff\u00a0")
_WITHOUT_RESEARCH = ((), ("self_help",), ("notify_therapist", "emergency_contact"), ("self_help",))
_POLISH = (
    "Dzisiaj nie chce mi się nic robić, leżę w łóżku i patrzę w sufit.",
    "Wczoraj poszliśmy z babcią na targ i kupiliśmy świeże śliwki.",
    "Boję się jutrzejszej rozmowy i wciąż myślę, że coś pójdzie źle.",
)


def _text(value: bytes | None) -> Change:
    return lambda row: replace(row, text=value)


def _consent(value: tuple[str, ...] | None) -> Change:
    return lambda row: replace(row, consent=value)


def _created_at(value: str) -> Change:
    return lambda row: replace(row, created_at=value)


def _null_doc_id(row: Row) -> Row:
    return replace(row, doc_id=None)


def _nul_character(row: Row) -> Row:
    return replace(row, text=_text_of(row)[:12] + b"\x00" + _text_of(row)[12:])


def _invalid_utf8(row: Row) -> Row:
    # The same letters in Latin-1, and a byte that never occurs in UTF-8.
    return replace(row, text=_text_of(row) + " naïve café ".encode("latin-1") + b"\xff")


def _oversized(row: Row) -> Row:
    return replace(row, text=(_text_of(row) + b" ") * (LONGEST_TEXT // len(_text_of(row).decode()) + 1))


def _polish(text: str) -> Change:
    return lambda row: replace(row, text=text.encode(), language="pl")


def _text_of(row: Row) -> bytes:
    return row.text or b""


BROKEN_ROWS: Mapping[str, Sequence[Change]] = {
    "null_text": [_text(None)] * 3,
    "empty_text": [_text(b"")] * 2,
    "blank_text": [_text(blank.encode()) for blank in _BLANKS],
    "null_doc_id": [_null_doc_id] * 2,
    "duplicate_doc_id": [lambda row: row] * 3,
    "nul_character": [_nul_character] * 2,
    "invalid_utf8": [_invalid_utf8] * 2,
    "no_research_consent": [_consent(given) for given in _WITHOUT_RESEARCH],
    "null_consent": [_consent(None)] * 3,
    "unknown_language": [_polish(sentence) for sentence in _POLISH],
    "oversized_text": [_oversized],
    "invalid_date": [_created_at(date) for date in ("2025-02-31T12:00:00Z", "yesterday", "")],
}
"""Changes by kind that make a sound row a broken one, one entry a row."""


def broken_counts() -> dict[str, int]:
    """Return how many rows of each kind a corpus holds."""
    return {kind: len(changes) for kind, changes in BROKEN_ROWS.items()}


def broken_rows(valid: Sequence[Row], new_id: Callable[[int], str], rng: random.Random) -> list[Row]:
    """Make the broken rows of a corpus; each breaks one rule only.

    Args:
        valid: Sound rows, from which author, date and consent are taken.
        new_id: Gives the id of the n-th broken row (from 0), which no sound row has.
        rng: The only source of chance.
    """
    changes = [(kind, change) for kind, kinds in BROKEN_ROWS.items() for change in kinds]
    donors = [_with_new_text(row, rng) for row in rng.sample(valid, k=len(changes))]
    return [
        change(donor if kind == "duplicate_doc_id" else replace(donor, doc_id=new_id(number)))
        for number, ((kind, change), donor) in enumerate(zip(changes, donors, strict=True))
    ]


def _with_new_text(donor: Row, rng: random.Random) -> Row:
    language = donor.language or rng.choice(LANGUAGES)
    text = load_grammar(language).text("neutral", _DONOR_WORDS, rng)
    return replace(donor, text=text.encode(), language=language)
