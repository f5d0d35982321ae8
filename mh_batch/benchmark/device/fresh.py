"""Texts that nobody has met, as many as are asked for."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

# Two texts are put together only if they are neighbours by length, so that lengths are spread as in the corpus.
_NEIGHBOURS = 100


class FreshTexts:
    """Gives each text of a corpus once, in random order, and then new ones made of two each.

    A made text is the first half of one text and the second half of another of about the same number of words.

    Attributes:
        given: Texts given so far.
        made: How many of them were made.
    """

    def __init__(self, corpus: Sequence[str], seed: int = 0) -> None:
        """Take a corpus of at least one text."""
        self.given = self.made = 0
        self._rng = random.Random(seed)
        distinct = sorted(set(corpus))
        self._rng.shuffle(distinct)
        self._by_length = sorted((text.split() for text in distinct), key=len)
        self._seen = set(distinct)
        self._left: Iterator[str] = iter(distinct)

    def take(self, count: int) -> list[str]:
        """Return so many texts that were not returned before."""
        return [self._next() for _ in range(count)]

    def _next(self) -> str:
        self.given += 1
        text = next(self._left, None)
        if text is None:
            self.made += 1
            text = self._make()
        return text

    def _make(self) -> str:
        place = self._rng.randrange(len(self._by_length))
        words = list(self._joined(self._by_length[place], self._by_length[self._near(place)]))
        # Of a word or two hardly anything new can be made without a word more.
        while (text := " ".join(words)) in self._seen:
            words.append(self._rng.choice(self._rng.choice(self._by_length)))
        self._seen.add(text)
        return text

    def _near(self, place: int) -> int:
        return min(max(place + self._rng.randint(-_NEIGHBOURS, _NEIGHBOURS), 0), len(self._by_length) - 1)

    def _joined(self, one: Sequence[str], other: Sequence[str]) -> Iterator[str]:
        yield from one[: -(-len(one) // 2)]
        yield from other[-(-len(other) // 2) :]
