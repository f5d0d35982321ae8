"""Texts of many lengths to measure with, none of them met before, and how much work is in them."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from mh_batch.benchmark.device.rounds import Amount
from mh_batch.benchmark.peak import operations_of
from mh_batch.inference import Integers, TextTokenizer, TokenizedTexts
from mh_batch.inference.windows import WindowFrame

# Two texts are put together only if they are neighbours by length, so that lengths are spread as in the corpus.
_NEIGHBOURS = 100

# As many rows as a job's Arrow batch holds, and fewer where there are not enough for all processes.
_MOST_TEXTS = 1000
_CHUNKS_PER_PROCESS = 4
_SECONDS_TO_START = 120.0

_tokenizer: TextTokenizer


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


class TokenizingProcesses:
    """A tokenizer in each of several processes."""

    def __init__(self, folder: Path, processes: int) -> None:
        """Start the processes, each with the tokenizer in `folder`."""
        self._processes = processes
        # Not forked: what a process holds of the device, or of threads, must not be copied.
        context = multiprocessing.get_context("spawn")
        everybody = context.Barrier(processes)
        self._pool = ProcessPoolExecutor(processes, context, initializer=_load, initargs=(folder, everybody))
        # None answers before all are ready: what starting costs must not be measured.
        self.tokenize(["A text."] * processes * _CHUNKS_PER_PROCESS)

    def tokenize(self, texts: Sequence[str]) -> list[TokenizedTexts]:
        """Return texts as token ids, in parts, in order."""
        size = max(1, min(_MOST_TEXTS, len(texts) // (_CHUNKS_PER_PROCESS * self._processes)))
        chunks = [texts[start : start + size] for start in range(0, len(texts), size)]
        return list(self._pool.map(_tokenize, chunks))

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes."""
        self._pool.shutdown()


def _load(folder: Path, everybody: Barrier) -> None:
    global _tokenizer
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    _tokenizer = TextTokenizer(folder)
    everybody.wait(_SECONDS_TO_START)


def _tokenize(texts: Sequence[str]) -> TokenizedTexts:
    return _tokenizer.tokenize(texts)


class Sample:
    """Fresh texts; their ids are made when they are first asked for, by processes that had not met them either."""

    def __init__(self, texts: list[str], processes: TokenizingProcesses) -> None:
        """Take texts, and who tokenises them."""
        self.texts = texts
        self._processes = processes

    def tokenize(self) -> None:
        """Make the ids now."""
        self.tokens  # noqa: B018 - it is kept

    @cached_property
    def tokens(self) -> list[TokenizedTexts]:
        """The texts as token ids, in parts."""
        return self._processes.tokenize(self.texts)


@dataclass(frozen=True)
class Samples:
    """Draws samples of a corpus, and counts what a model has to do for them.

    Attributes:
        fresh: Where texts come from.
        processes: Tokenise them.
        config: The model's configuration.
        frame: How texts are cut into windows.
    """

    fresh: FreshTexts
    processes: TokenizingProcesses
    config: Mapping[str, Any]
    frame: WindowFrame

    def of_texts(self, count: int) -> Sample:
        """Draw texts."""
        return Sample(self.fresh.take(count), self.processes)

    def of_ids(self, count: int) -> Sample:
        """Draw texts whose ids are ready."""
        sample = self.of_texts(count)
        sample.tokenize()
        return sample

    def in_windows(self, sample: Sample) -> Amount:
        """Count what is to be done where texts are read to their end, in windows."""
        tokens = TokenizedTexts.joined(sample.tokens).tokens
        return self._amount(sample, self.frame.cut(tokens).length)

    def cut_off(self, sample: Sample) -> Amount:
        """Count what is to be done where of each text as much is read as the model takes at once."""
        lengths = TokenizedTexts.joined(sample.tokens).tokens.lengths
        return self._amount(sample, np.minimum(lengths, self.frame.size))

    def _amount(self, sample: Sample, lengths: Integers) -> Amount:
        # Texts without tokens are not read.
        whole = lengths[lengths > 0] + self.frame.n_special
        return Amount(len(sample.texts), int(whole.sum()), operations_of(self.config, whole))
