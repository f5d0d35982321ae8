"""Texts in, probabilities out: tokenise, cut, batch, run, fold."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from mh_batch.inference.ahead import one_ahead
from mh_batch.inference.batching import token_budget_batches
from mh_batch.inference.engines import Engine
from mh_batch.inference.failures import Failure, failure_of, is_beyond_repair, is_failure, release_memory
from mh_batch.inference.tokenization import TextTokenizer
from mh_batch.inference.windows import cut_windows, fold_windows
from mh_batch.models import Model

Key = TypeVar("Key", bound=Hashable)

_CHUNK_TEXTS = 256
_CHUNK_CHARS = 500_000

# Tokens that wait together, two batches at least: enough to sort by length with profit, few enough for memory and for
# the engine to begin soon.
_POOL_TOKENS = 65_536


@dataclass(frozen=True)
class TextScore:
    """What a model says of one text.

    Attributes:
        probabilities: One per label in the card's order; None where the text could not be scored.
        n_tokens: Tokens of the whole text, without special tokens.
        n_windows: Windows that it was read in.
        failure: Why it could not be scored; None where it was.
    """

    probabilities: tuple[float, ...] | None
    n_tokens: int = 0
    n_windows: int = 0
    failure: Failure | None = None


@dataclass
class _Text(Generic[Key]):
    """A text on its way: `rows` holds the logits of its windows that were run."""

    key: Key
    n_tokens: int
    n_windows: int
    rows: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    failure: Failure | None = None
    done: int = 0


@dataclass(frozen=True)
class _Window(Generic[Key]):
    text: _Text[Key]
    number: int
    ids: list[int]


class Scorer:
    """Scores texts with one model. Holds no state between calls, so the order of texts does not matter."""

    def __init__(self, model: Model, tokenizer: TextTokenizer, engine: Engine, token_budget: int) -> None:
        """Join a model's tokenizer and engine; `token_budget` bounds the padded tokens of one batch."""
        self.card = model.card
        self._tokenizer = tokenizer
        self._engine = engine
        self._budget = token_budget
        self._to_card_order = [model.outputs.index(label) for label in model.card.labels]

    def score(self, texts: Sequence[str]) -> list[TextScore]:
        """Return one score per text, in order. A text that cannot be scored has a failure and harms no other."""
        found = dict(self.stream(enumerate(texts)))
        return [found[number] for number in range(len(texts))]

    def stream(self, texts: Iterable[tuple[Key, str]]) -> Iterator[tuple[Key, TextScore]]:
        """Yield the score of each text under its key, in any order.

        Windows wait in a pool, from which batches are taken longest first. It is refilled before it runs dry, so
        batches are full and of about one length, and it is bounded, so memory does not grow with the number of texts.
        """
        pool: list[_Window[Key]] = []
        enough = max(_POOL_TOKENS, 2 * self._budget)
        for chunk in one_ahead(self._encoded, _chunks(texts)):
            for key, tokens in chunk:
                if isinstance(tokens, str):
                    yield key, TextScore(None, failure=tokens)
                else:
                    pool.extend(self._windows(key, tokens))
            if _tokens(pool) >= enough:
                pool = yield from self._drain(pool, enough // 2)
        yield from self._drain(pool, 0)

    def _encoded(self, texts: Sequence[tuple[Key, str]]) -> list[tuple[Key, list[int] | Failure]]:
        found = self._encode([text for _, text in texts])
        return [(key, tokens) for (key, _), tokens in zip(texts, found, strict=True)]

    def _encode(self, texts: Sequence[str]) -> list[list[int] | Failure]:
        try:
            return [tokens or "no_tokens" for tokens in self._tokenizer.encode(texts)]
        except BaseException as error:  # one text must not take its neighbours with it
            if not is_failure(error):
                raise
            if len(texts) <= 1:
                return [failure_of(error) for _ in texts]
            half = len(texts) // 2
            return self._encode(texts[:half]) + self._encode(texts[half:])

    def _windows(self, key: Key, tokens: list[int]) -> list[_Window[Key]]:
        windows = cut_windows(tokens, self.card.max_tokens - self._tokenizer.n_special, self.card.overlap)
        text = _Text(key, len(tokens), len(windows))
        return [_Window(text, number, self._tokenizer.enclose(ids)) for number, ids in enumerate(windows)]

    def _drain(
        self, pool: Sequence[_Window[Key]], keep: int
    ) -> Generator[tuple[Key, TextScore], None, list[_Window[Key]]]:
        """Run the longest windows until at most `keep` tokens are left; yield the texts that are done."""
        left, waiting = _tokens(pool), dict(enumerate(pool))
        for batch in token_budget_batches([self._padded(window) for window in pool], self._budget):
            if left <= keep:
                break
            windows = [waiting.pop(row) for row in batch]
            left -= _tokens(windows)
            self._run(windows)
            for text in {id(window.text): window.text for window in windows}.values():
                if text.done == text.n_windows:
                    yield text.key, self._folded(text)
        return list(waiting.values())

    def _padded(self, window: _Window[Key]) -> int:
        return -(-len(window.ids) // self._engine.pads_to) * self._engine.pads_to

    def _run(self, windows: Sequence[_Window[Key]]) -> None:
        """Run a batch; one that fails is halved until the window that the model chokes on stands alone."""
        logits = self._logits(windows)
        if not isinstance(logits, str):
            for window, row in zip(windows, logits, strict=True):
                window.text.rows[window.number] = row[self._to_card_order]
                window.text.done += 1
        elif len(windows) == 1:
            windows[0].text.failure = logits
            windows[0].text.done += 1
        else:
            # Here, where the error is gone: its traceback held what the batch had allocated.
            release_memory()
            half = len(windows) // 2
            self._run(windows[:half])
            self._run(windows[half:])

    def _logits(self, windows: Sequence[_Window[Key]]) -> NDArray[np.float64] | Failure:
        try:
            return self._engine.logits([window.ids for window in windows])
        except Exception as error:  # out of memory, or a text that the model chokes on
            if is_beyond_repair(error):
                raise
            return failure_of(error)

    def _probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.card.task == "multi_label":
            return np.asarray(1 / (1 + np.exp(-logits)))
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def _folded(self, text: _Text[Key]) -> TextScore:
        if text.failure is not None:
            return TextScore(None, text.n_tokens, text.n_windows, text.failure)
        logits = np.stack([text.rows[number] for number in range(text.n_windows)])
        # Before they become probabilities: infinite logits would become certainty.
        if not np.isfinite(logits).all():
            return TextScore(None, text.n_tokens, text.n_windows, "not_finite")
        folded = fold_windows(self._probabilities(logits), self.card)
        return TextScore(tuple(map(float, folded)), text.n_tokens, text.n_windows)


def _chunks(texts: Iterable[tuple[Key, str]]) -> Iterator[list[tuple[Key, str]]]:
    """Lists of texts to tokenise at once: enough to be worth a call, few enough to begin soon."""
    chunk: list[tuple[Key, str]] = []
    chars = 0
    for key, text in texts:
        chunk.append((key, text))
        chars += len(text)
        if len(chunk) == _CHUNK_TEXTS or chars >= _CHUNK_CHARS:
            yield chunk
            chunk, chars = [], 0
    if chunk:
        yield chunk


def _tokens(windows: Sequence[_Window[Key]]) -> int:
    return sum(len(window.ids) for window in windows)
