"""What the documents of the synthetic corpus say: who writes when, in which state, and the text."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from mh_batch.datasets.grammar import load_grammar
from mh_batch.datasets.lengths import JOURNAL_WORDS, POST_BANDS, VERY_LONG_WORDS, draw_lengths
from mh_batch.datasets.population import WEEKS, Author, draw_authors, pick_writers

# A Monday to a Sunday eight weeks later, so that weekly reports have whole weeks.
FIRST_MOMENT = datetime(2025, 2, 3, tzinfo=UTC)

_SECONDS = WEEKS * 7 * 24 * 3600
_REPOST_SHARE = 0.02
_COMMON_MESSAGE_SHARE = 0.3


@dataclass(frozen=True)
class Draft:
    """One sound document before it gets its id: the author, the moment, the true states and the text."""

    author: Author
    created_at: datetime
    states: tuple[str, ...]
    n_words: int
    text: str = ""


def draw_drafts(documents: int, rng: random.Random) -> list[Draft]:
    """Draw the sound documents of a corpus, earliest first."""
    writers = pick_writers(draw_authors(documents, rng), documents, rng)
    lengths = _lengths(documents, rng)
    blank = [_blank(writer, n_words, rng) for writer, n_words in zip(writers, lengths, strict=True)]
    written = [replace(draft, text=_text_of(draft, rng)) for draft in blank]
    return _with_reposts(sorted(written, key=lambda draft: draft.created_at), rng)


def _lengths(documents: int, rng: random.Random) -> list[int]:
    # The first writer is the one who is sure to write English.
    return [VERY_LONG_WORDS, *draw_lengths(documents - 1, rng)]


def _blank(author: Author, n_words: int, rng: random.Random) -> Draft:
    seconds = rng.randrange(_SECONDS)
    states = author.states_in(seconds * WEEKS // _SECONDS, rng)
    return Draft(author, FIRST_MOMENT + timedelta(seconds=seconds), states, n_words)


def _text_of(draft: Draft, rng: random.Random) -> str:
    grammar = load_grammar(draft.author.language)
    if draft.n_words <= POST_BANDS[0][1] and rng.random() < _COMMON_MESSAGE_SHARE:
        # One fixed generator per language and state: many authors send the very same words.
        return grammar.message(draft.states[0], random.Random(draft.states[0]))
    # Long texts wander: between what weighs on the author stands everyday life.
    mix = (*draft.states * 3, "neutral") if draft.n_words >= JOURNAL_WORDS[0] else draft.states
    return grammar.text(mix, draft.n_words, rng)


def _with_reposts(drafts: Sequence[Draft], rng: random.Random) -> list[Draft]:
    """Let some authors post one of their own short texts a second time, in place of a later one."""
    posted: dict[str, Draft] = {}
    reposts = set(rng.sample(_repeatable(drafts), k=max(1, round(_REPOST_SHARE * len(drafts)))))
    result = []
    for i, draft in enumerate(drafts):
        if i in reposts:
            first = posted[draft.author.author_id]
            draft = replace(draft, text=first.text, states=first.states, n_words=first.n_words)
        elif _is_post(draft):
            posted.setdefault(draft.author.author_id, draft)
        result.append(draft)
    return result


def _repeatable(drafts: Sequence[Draft]) -> list[int]:
    writers: set[str] = set()
    later = []
    for i, draft in enumerate(drafts):
        if _is_post(draft) and draft.author.author_id in writers:
            later.append(i)
        elif _is_post(draft):
            writers.add(draft.author.author_id)
    return later


def _is_post(draft: Draft) -> bool:
    return draft.n_words <= POST_BANDS[-1][1]
