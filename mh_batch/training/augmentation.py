"""New texts out of training texts, for a teacher to judge."""

import random
from collections.abc import Sequence

from mh_batch.training.data import sentences


def fragments(texts: Sequence[str], languages: Sequence[str], count: int, seed: int) -> list[str]:
    """Make `count` texts: a passage of a text, or the opening of one and the end of another of its language."""
    draw = random.Random(seed)
    by_language: dict[str, list[str]] = {}
    for text, language in zip(texts, languages, strict=True):
        by_language.setdefault(language, []).append(text)
    return [_fragment(by_language[draw.choice(languages)], draw) for _ in range(count)]


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
