"""Texts without labels, from files of any kind, in pieces as long as posts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from mh_batch.training.augmentation import sentences

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
    frame = pd.read_parquet(file).dropna(subset=["text"])
    for _, rows in frame.groupby(frame.get("language", lambda row: "any")):
        yield [piece for text in rows["text"] for piece in _pieces(text[:_OPENING])]


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
