"""Texts made of others: fragments for a teacher to label, and long texts joined from short ones."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mh_batch.training.data.prepared_splits import Targets

_LEAST_WORDS = 12
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")

_Row = Sequence[float]
_UNKNOWN = float("nan")


def sentences(text: str) -> list[str]:
    """Split a text after `.`, `!`, `?` and `…`; line breaks become spaces."""
    return [part for part in _SENTENCE_END.split(" ".join(text.split())) if part]


def fragments(texts: Sequence[str], languages: Sequence[str], count: int, seed: int) -> list[str]:
    """Make `count` texts: a passage of a text, one of its sentences, or sentences of two texts of one language.

    Texts of less than twelve words are left out: what is cut from them says little else than they do.

    Args:
        texts: To cut from.
        languages: Of each.
        count: How many to make.
        seed: Of the choice.
    """
    draw = random.Random(seed)
    by_language: dict[str, list[str]] = {}
    for text, language in zip(texts, languages, strict=True):
        if len(text.split()) >= _LEAST_WORDS:
            by_language.setdefault(language, []).append(text)
    shares = [len(pool) for pool in by_language.values()]
    pools = draw.choices(list(by_language.values()), shares, k=count) if count and by_language else []
    return [_fragment(pool, draw) for pool in pools]


def _fragment(pool: list[str], draw: random.Random) -> str:
    first, second = sentences(draw.choice(pool)), sentences(draw.choice(pool))
    kind = draw.random()
    if kind < 0.4:
        return _passage(" ".join(first).split(), draw)
    if kind < 0.7:
        return draw.choice(first)
    return f"{draw.choice(first)} {draw.choice(second)}"


def _passage(words: list[str], draw: random.Random) -> str:
    length = draw.randint(min(3, len(words)), max(3, len(words)))
    start = draw.randint(0, max(0, len(words) - length))
    return " ".join(words[start : start + length])


@dataclass(frozen=True)
class _Part:
    text: str
    targets: _Row


def journals(
    texts: Sequence[str], targets: Targets, negative: int | None, count: int, words: int, seed: int
) -> tuple[list[str], Targets]:
    """Make texts of about a quarter of `words` to `words` words: calm ones, and in two of three some of any kind.

    Args:
        texts: To join.
        targets: What they show (texts x labels; NaN: unknown).
        negative: Number of the label that says that there is nothing else; None if no label does.
        count: How many to make.
        words: Their longest, in words.
        seed: Of the choice.

    Returns:
        The texts, and what follows from their parts about them; none where no text is calm.
    """
    draw = random.Random(seed)
    parts = [_Part(text, row) for text, row in zip(texts, targets.tolist(), strict=True)]
    quiet = [part for part in parts if _is_calm(part.targets, negative)]
    others = [part for part in parts if not _is_calm(part.targets, negative)]
    made = [_journal(quiet, others or quiet, words, draw) for _ in range(count if quiet else 0)]
    joined = [joined_targets([part.targets for part in chosen], negative) for chosen in made]
    return [" ".join(part.text for part in chosen) for chosen in made], np.array(joined, dtype=np.float32)


def joined_targets(parts: Sequence[_Row], negative: int | None) -> list[float]:
    """Targets of a text that is joined from parts.

    A state is present if a part shows it, and absent if every part denies it; a text is negative if every part is.
    """
    columns = np.array(parts, dtype=np.float64).T
    return [_settled(column, decisive=float(number != negative)) for number, column in enumerate(columns)]


def _settled(column: _Row, decisive: float) -> float:
    if decisive in column:
        return decisive
    return _UNKNOWN if np.isnan(column).any() else 1.0 - decisive


def _is_calm(targets: _Row, negative: int | None) -> bool:
    return targets[negative] == 1 if negative is not None else 1 not in targets


def _journal(quiet: Sequence[_Part], others: Sequence[_Part], words: int, draw: random.Random) -> list[_Part]:
    length = draw.randint(words // 4, words)
    parts = [draw.choice(others) for _ in range(draw.choice((0, 1, 2)))]
    while sum(len(part.text.split()) for part in parts) < length:
        parts.append(draw.choice(quiet))
    draw.shuffle(parts)
    return parts
