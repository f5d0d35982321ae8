"""Long texts out of short ones, so that a model meets a low passage inside a calm journal."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mh_batch.training.prepared import Targets

Row = Sequence[float]
_UNKNOWN = float("nan")


@dataclass(frozen=True)
class _Part:
    text: str
    targets: Row


def journals(
    texts: Sequence[str], targets: Targets, calm: int | None, count: int, words: int, seed: int
) -> tuple[list[str], Targets]:
    """Make texts of about a quarter of `words` to `words` words: calm ones, and in two of three some of any kind.

    Args:
        texts: To join.
        targets: What they show (texts x labels; NaN: unknown).
        calm: Number of the label that says that there is nothing else; None if no label does.
        count: How many to make.
        words: Their longest, in words.
        seed: Of the choice.

    Returns:
        The texts, and what follows from their parts about them; none where no text is calm.
    """
    draw = random.Random(seed)
    parts = [_Part(text, row) for text, row in zip(texts, targets.tolist(), strict=True)]
    quiet = [part for part in parts if _is_calm(part.targets, calm)]
    others = [part for part in parts if not _is_calm(part.targets, calm)]
    made = [_journal(quiet, others or quiet, words, draw) for _ in range(count if quiet else 0)]
    joined = [joined_targets([part.targets for part in chosen], calm) for chosen in made]
    return [" ".join(part.text for part in chosen) for chosen in made], np.array(joined, dtype=np.float32)


def joined_targets(parts: Sequence[Row], calm: int | None) -> list[float]:
    """What a text shows by what its parts do.

    A state is present if a part shows it, and absent if every part denies it; a text is calm if every part is.
    """
    columns = np.array(parts, dtype=np.float64).T
    return [_settled(column, decisive=float(number != calm)) for number, column in enumerate(columns)]


def _settled(column: Row, decisive: float) -> float:
    if decisive in column:
        return decisive
    return _UNKNOWN if np.isnan(column).any() else 1.0 - decisive


def _is_calm(targets: Row, calm: int | None) -> bool:
    return targets[calm] == 1 if calm is not None else 1 not in targets


def _journal(quiet: Sequence[_Part], others: Sequence[_Part], words: int, draw: random.Random) -> list[_Part]:
    length = draw.randint(words // 4, words)
    parts = [draw.choice(others) for _ in range(draw.choice((0, 1, 2)))]
    while sum(len(part.text.split()) for part in parts) < length:
        parts.append(draw.choice(quiet))
    draw.shuffle(parts)
    return parts
