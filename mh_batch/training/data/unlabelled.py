"""Texts without labels, from files of any kind, in pieces as long as posts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from mh_batch.errors import CorpusError
from mh_batch.sources.arrow_reading import inspect_files, named, read_columns
from mh_batch.sources.arrow_values import identifiers, texts
from mh_batch.sources.file_listing import files_at
from mh_batch.training.data.augmentation import sentences

_COLUMNS = ("text", "language")
_LONGEST = 240
_SHORTEST = 20
# So much of a text is looked at: a chapter would otherwise weigh as much as a thousand posts.
_OPENING = 20_000


def unlabelled_texts(files: Sequence[Path], each: int, seed: int) -> list[str]:
    """Draw texts of 20 to 240 characters, at most `each` of every file and language.

    Args:
        files: Parquet files with a column `text`, and `language` if they hold several. Longer texts are cut into runs
            of whole sentences.
        each: How many of a file, or of a language where it names them.
        seed: Of the choice.
    """
    draw = random.Random(seed)
    return [text for file in files for pool in _pools(file) for text in _sample(pool, each, draw)]


def _pools(file: Path) -> Iterator[list[str]]:
    frame = _read(file).dropna(subset=["text"])
    for _, rows in frame.groupby(frame["language"].fillna("any")):
        yield [piece for text in rows["text"] for piece in _pieces(text[:_OPENING])]


def _read(location: Path) -> pd.DataFrame:
    parts = [pa.table({"text": pa.nulls(0, pa.string()), "language": pa.nulls(0, pa.string())})]
    for file in inspect_files(files_at(str(location), set()), _COLUMNS):
        try:
            parts += [_columns(rows) for rows in read_columns(file, _COLUMNS)]
        except CorpusError as error:
            raise CorpusError(f"{named(file)}: {error}") from None
    frame: pd.DataFrame = pa.concat_tables(parts, promote_options="default").to_pandas()
    return frame


def _columns(rows: pa.Table) -> pa.Table:
    if "text" not in rows.column_names:
        raise CorpusError("it has no column 'text'")
    languages = {"language": identifiers(rows["language"], "language")} if "language" in rows.column_names else {}
    return pa.table({"text": texts(rows["text"], "text"), **languages})


def _pieces(text: str) -> Iterator[str]:
    run = ""
    for sentence in sentences(text):
        if run and len(run) + len(sentence) >= _LONGEST:
            yield run
            run = ""
        run = f"{run} {sentence}".strip()
    yield run


def _sample(pool: Sequence[str], each: int, draw: random.Random) -> list[str]:
    fitting = sorted({text for text in pool if _SHORTEST <= len(text) <= _LONGEST})
    return draw.sample(fitting, min(each, len(fitting)))
