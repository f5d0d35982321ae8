"""Long texts out of short ones, so that a model meets a low passage inside a calm journal."""

import random
from collections.abc import Sequence

import numpy as np
import pandas as pd

from mh_batch.training.claims import LABELS, UNKNOWN


def joined_claims(parts: Sequence[Sequence[float]]) -> list[float]:
    """Claims about a text from those about its parts.

    A state is present if a part shows it and absent if every part denies it; a text is neutral if every part is.
    """
    columns = np.array(parts, dtype=np.float64).T
    neutral = _settled(columns[0], decisive=0.0)
    return [neutral, *(_settled(column, decisive=1.0) for column in columns[1:])]


def _settled(column: Sequence[float], decisive: float) -> float:
    values = {float(value) for value in column if not np.isnan(value)}
    if decisive in values:
        return decisive
    return 1.0 - decisive if len(values) == 1 and not np.isnan(column).any() else UNKNOWN


def journals(rows: pd.DataFrame, count: int, words: int, seed: int) -> pd.DataFrame:
    """Make `count` texts of at most `words` words: calm rows, and in two of three a few rows of any kind."""
    draw = random.Random(seed)
    calm, other = rows[rows["neutral"] == 1], rows[rows["neutral"] != 1]
    made = [_journal(calm, other, words, draw) for _ in range(count)]
    return pd.DataFrame(made, columns=["text", *LABELS]).assign(source="journals")


def _journal(calm: pd.DataFrame, other: pd.DataFrame, words: int, draw: random.Random) -> list[object]:
    length = draw.randint(words // 4, words)
    guests = draw.choice((0, 1, 2))
    parts = [_pick(other, draw) for _ in range(guests)]
    while sum(len(str(text).split()) for text, _ in parts) < length:
        parts.append(_pick(calm, draw))
    draw.shuffle(parts)
    return [" ".join(text for text, _ in parts), *joined_claims([claims for _, claims in parts])]


def _pick(rows: pd.DataFrame, draw: random.Random) -> tuple[str, list[float]]:
    row = rows.iloc[draw.randrange(len(rows))]
    return str(row["text"]), [float(row[label]) for label in LABELS]
