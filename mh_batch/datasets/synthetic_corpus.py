"""A synthetic corpus: Parquet files of documents that nobody wrote, with the defects that real ones have."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from mh_batch.datasets.broken_rows import broken_counts, broken_rows
from mh_batch.datasets.synthetic_documents import JOURNAL_WORDS, Row, SyntheticDocument, draw_documents, to_table
from mh_batch.errors import UsageError

SMALLEST = 100

_PARTS = 3
_UNDECLARED_LANGUAGE_SHARE = 0.12
# Detection of the language is unsure on fewer words, and a test would have no truth to compare with.
_UNDECLARED_MIN_WORDS = 8
_OTHER_CONSENTS = {"self_help": 0.6, "notify_therapist": 0.25, "emergency_contact": 0.15}


@dataclass(frozen=True)
class SyntheticCorpus:
    """A written corpus: where it lies, how many rows it has, how many of them sound, and what is wrong with the rest.

    Attributes:
        folder: The folder with the Parquet files.
        rows: All rows, `documents` plus the sum of `broken`.
        documents: Sound rows, which a run should score.
        broken: Rows by kind of defect; each broken row has one defect.
        truth: The states that each sound document was drawn from, by `doc_id`; not a column of the corpus.
    """

    folder: Path
    rows: int
    documents: int
    broken: Mapping[str, int]
    truth: Mapping[str, tuple[str, ...]] = field(repr=False)


def write_synthetic_corpus(
    folder: Path, *, documents: int = 600, seed: int = 7, truth_file: Path | None = None
) -> SyntheticCorpus:
    """Write a synthetic corpus, always the same one for the same arguments.

    Args:
        folder: Where the Parquet files go; it is made if missing, files of the same names are replaced.
        documents: Number of sound documents; the broken rows come on top.
        seed: Seed of every draw.
        truth_file: Also write the true states of each document, as JSON, to this file outside `folder`.

    Raises:
        UsageError: `documents` is below `SMALLEST`, or `truth_file` lies within `folder`.
    """
    _check(folder, documents, truth_file)
    rng = random.Random(seed)
    drawn = draw_documents(documents, rng)
    valid = [_row(_doc_id(i), document, rng) for i, document in enumerate(drawn)]
    broken = broken_rows(valid, lambda number: _doc_id(documents + number), rng)
    truth = {_doc_id(i): document.states for i, document in enumerate(drawn)}
    _write_parts(folder, _shuffled([*valid, *broken], rng))
    if truth_file is not None:
        truth_file.write_text(json.dumps(truth, indent=1), encoding="utf-8")
    return SyntheticCorpus(folder, len(valid) + len(broken), len(valid), broken_counts(), truth)


def _check(folder: Path, documents: int, truth_file: Path | None) -> None:
    if documents < SMALLEST:
        raise UsageError(f"a synthetic corpus needs at least {SMALLEST} documents, not {documents}")
    if truth_file is not None and truth_file.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"the truth file {truth_file} would be read as part of the corpus {folder}")


def _doc_id(number: int) -> str:
    return f"doc-{number + 1:06d}"


def _row(doc_id: str, document: SyntheticDocument, rng: random.Random) -> Row:
    return Row(
        doc_id=doc_id,
        text=document.text.encode(),
        author_id=document.author.author_id,
        created_at=document.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        language=_declared_language(document, rng),
        source=_source(document, rng),
        region=document.author.region.name,
        consent=("research", *(name for name, share in _OTHER_CONSENTS.items() if rng.random() < share)),
    )


def _declared_language(document: SyntheticDocument, rng: random.Random) -> str | None:
    undeclared = rng.random() < _UNDECLARED_LANGUAGE_SHARE
    detectable = len(document.text.split()) >= _UNDECLARED_MIN_WORDS
    return None if undeclared and detectable else document.author.language


def _source(document: SyntheticDocument, rng: random.Random) -> str:
    if document.n_words >= JOURNAL_WORDS[0]:
        return "journal"
    kinds = ("message", "forum") if document.n_words <= 15 else ("forum", "journal", "message")
    return rng.choices(kinds, weights=(7, 3) if len(kinds) == 2 else (6, 3, 1))[0]


def _shuffled(rows: list[Row], rng: random.Random) -> list[Row]:
    rng.shuffle(rows)
    return rows


def _write_parts(folder: Path, rows: Sequence[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    size = -(-len(rows) // _PARTS)
    for part in range(_PARTS):
        table = to_table(rows[part * size : (part + 1) * size])
        pq.write_table(table, folder / f"part-{part:05d}.parquet")
