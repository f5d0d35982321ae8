"""New texts out of others, for a teacher to judge."""

import random
import re
from collections.abc import Sequence

_LEAST_WORDS = 12
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


def sentences(text: str) -> list[str]:
    """Split a text after `.`, `!`, `?` and `…`; line breaks become spaces."""
    return [part for part in _SENTENCE_END.split(" ".join(text.split())) if part]


def fragments(texts: Sequence[str], languages: Sequence[str], count: int, seed: int) -> list[str]:
    """Make `count` texts: a passage of a text, one of its sentences, or sentences of two texts of one language.

    Texts of less than twelve words are left out: what is cut from them says little else than they do.
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
