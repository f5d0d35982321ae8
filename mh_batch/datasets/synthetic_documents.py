"""Documents of the synthetic corpus: author, moment, state and text, and the rows that they become."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from mh_batch.datasets.grammar import load_grammar
from mh_batch.datasets.population import WEEKS, Author, draw_authors, pick_writers
from mh_batch.datasets.text_features import POST_BANDS, POST_SHARES, counts_by_share

JOURNAL_WORDS = (150, 700)
JOURNAL_SHARE = 0.08
LONG_WORDS = (2_000, 4_500)
LONG_SHARE = 0.02
# Clearly beyond the 4,096 tokens of the longest model, so that windows are needed.
VERY_LONG_WORDS = 6_500

# A Monday to a Sunday eight weeks later, so that weekly reports have whole weeks.
FIRST_MOMENT = datetime(2025, 2, 3, tzinfo=UTC)

_SECONDS = WEEKS * 7 * 24 * 3600
_REPOST_SHARE = 0.02
_COMMON_MESSAGE_SHARE = 0.3


@dataclass(frozen=True)
class Row:
    """One row as it is written; `text` is bytes because some rows hold no valid UTF-8."""

    doc_id: str | None
    text: bytes | None
    author_id: str
    created_at: str
    language: str | None
    source: str
    region: str
    consent: tuple[str, ...] | None


def to_table(rows: Sequence[Row]) -> pa.Table:
    """Build the table of the rows, in their order.

    `created_at` is a string column: a timestamp column could not hold a date that is none.
    """
    return pa.table(
        {
            "doc_id": pa.array([row.doc_id for row in rows], pa.string()),
            "text": _unchecked_strings([row.text for row in rows]),
            "author_id": pa.array([row.author_id for row in rows], pa.string()),
            "created_at": pa.array([row.created_at for row in rows], pa.string()),
            "language": pa.array([row.language for row in rows], pa.string()),
            "source": pa.array([row.source for row in rows], pa.string()),
            "region": pa.array([row.region for row in rows], pa.string()),
            "consent": pa.array([row.consent for row in rows], pa.list_(pa.string())),
        }
    )


def _unchecked_strings(values: Sequence[bytes | None]) -> pa.Array:
    binary = pa.array(values, pa.binary())
    # A cast would refuse invalid UTF-8; the same buffers under another type are taken as they are.
    return pa.Array.from_buffers(pa.string(), len(binary), binary.buffers(), binary.null_count)


@dataclass(frozen=True)
class SyntheticDocument:
    """One sound document before it gets its id: the author, the moment, the true states and the text."""

    author: Author
    created_at: datetime
    states: tuple[str, ...]
    n_words: int
    text: str = ""


def draw_documents(documents: int, rng: random.Random) -> list[SyntheticDocument]:
    """Draw the sound documents of a corpus, earliest first."""
    writers = pick_writers(draw_authors(documents, rng), documents, rng)
    lengths = _lengths(documents, rng)
    blank = [_blank(writer, n_words, rng) for writer, n_words in zip(writers, lengths, strict=True)]
    written = [replace(document, text=_text_of(document, rng)) for document in blank]
    return _with_reposts(sorted(written, key=lambda document: document.created_at), rng)


def _lengths(documents: int, rng: random.Random) -> list[int]:
    # The first writer is the one who is sure to write English.
    return [VERY_LONG_WORDS, *draw_lengths(documents - 1, rng)]


def _blank(author: Author, n_words: int, rng: random.Random) -> SyntheticDocument:
    seconds = rng.randrange(_SECONDS)
    states = author.states_in(seconds * WEEKS // _SECONDS, rng)
    return SyntheticDocument(author, FIRST_MOMENT + timedelta(seconds=seconds), states, n_words)


def _text_of(document: SyntheticDocument, rng: random.Random) -> str:
    grammar = load_grammar(document.author.language)
    if document.n_words <= POST_BANDS[0][1] and rng.random() < _COMMON_MESSAGE_SHARE:
        # One fixed generator per language and state: many authors send the very same words.
        return grammar.message(document.states[0], random.Random(document.states[0]))
    # Long texts wander: between what weighs on the author stands everyday life.
    mix = (*document.states * 3, "neutral") if document.n_words >= JOURNAL_WORDS[0] else document.states
    return grammar.text(mix, document.n_words, rng)


def _with_reposts(drawn: Sequence[SyntheticDocument], rng: random.Random) -> list[SyntheticDocument]:
    """Let some authors post one of their own short texts a second time, in place of a later one."""
    posted: dict[str, SyntheticDocument] = {}
    reposts = set(rng.sample(_repeatable(drawn), k=max(1, round(_REPOST_SHARE * len(drawn)))))
    result = []
    for i, document in enumerate(drawn):
        if i in reposts:
            first = posted[document.author.author_id]
            document = replace(document, text=first.text, states=first.states, n_words=first.n_words)
        elif _is_post(document):
            posted.setdefault(document.author.author_id, document)
        result.append(document)
    return result


def _repeatable(drawn: Sequence[SyntheticDocument]) -> list[int]:
    writers: set[str] = set()
    later = []
    for i, document in enumerate(drawn):
        if _is_post(document) and document.author.author_id in writers:
            later.append(i)
        elif _is_post(document):
            writers.add(document.author.author_id)
    return later


def _is_post(document: SyntheticDocument) -> bool:
    return document.n_words <= POST_BANDS[-1][1]


def draw_lengths(documents: int, rng: random.Random) -> list[int]:
    """Draw the number of words of each document; the shares are met as closely as whole numbers can.

    The very long text is not among them.
    """
    long_texts = _several(LONG_WORDS, max(1, round(LONG_SHARE * documents)), rng)
    journals = _several(JOURNAL_WORDS, max(1, round(JOURNAL_SHARE * documents)), rng)
    posts = _post_lengths(documents - len(long_texts) - len(journals), rng)
    lengths = [*long_texts, *journals, *posts]
    rng.shuffle(lengths)
    return lengths


def _post_lengths(posts: int, rng: random.Random) -> Iterator[int]:
    for band, count in zip(POST_BANDS, counts_by_share(posts, POST_SHARES), strict=True):
        yield from _several(band, count, rng)


def _several(band: tuple[int, int], count: int, rng: random.Random) -> list[int]:
    return [rng.randint(*band) for _ in range(count)]
