"""Texts in, probabilities out: tokenise, cut, batch, run, fold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mh_batch.inference.batching import token_budget_batches
from mh_batch.inference.engines import Engine
from mh_batch.inference.failures import Failure, failure_of, release_memory
from mh_batch.inference.tokenization import TextTokenizer
from mh_batch.inference.windows import cut_windows, fold_windows
from mh_batch.models import Model
from mh_batch.settings import DEFAULT_TOKEN_BUDGET


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


@dataclass(frozen=True)
class _Window:
    text: int
    ids: list[int]


class Scorer:
    """Scores texts with one model. Holds no state between calls, so the order of texts does not matter."""

    def __init__(
        self, model: Model, tokenizer: TextTokenizer, engine: Engine, token_budget: int = DEFAULT_TOKEN_BUDGET
    ) -> None:
        """Join a model's tokenizer and engine; `token_budget` bounds the padded tokens of one batch."""
        self.card = model.card
        self._tokenizer = tokenizer
        self._engine = engine
        self._budget = token_budget
        self._to_card_order = [model.outputs.index(label) for label in model.card.labels]

    def score(self, texts: Sequence[str]) -> list[TextScore]:
        """Return one score per text, in order. A text that cannot be scored has a failure and harms no other."""
        encoded = self._encode(texts)
        windows = [window for index, tokens in enumerate(encoded) for window in self._windows(index, tokens)]
        logits, failures = self._run(windows)
        probabilities = self._probabilities(logits)
        rows: dict[int, list[int]] = {}
        for row, window in enumerate(windows):
            rows.setdefault(window.text, []).append(row)
        return [
            self._fold(tokens, probabilities[rows.get(index, [])], [failures[r] for r in rows.get(index, [])])
            for index, tokens in enumerate(encoded)
        ]

    def _encode(self, texts: Sequence[str]) -> list[list[int] | Failure]:
        try:
            return [tokens or "no_tokens" for tokens in self._tokenizer.encode(texts)]
        except Exception as error:  # one text must not take its neighbours with it
            if len(texts) <= 1:
                return [failure_of(error) for _ in texts]
            half = len(texts) // 2
            return self._encode(texts[:half]) + self._encode(texts[half:])

    def _windows(self, index: int, tokens: list[int] | Failure) -> Iterable[_Window]:
        if isinstance(tokens, str):
            return
        size = self.card.max_tokens - self._tokenizer.n_special
        for window in cut_windows(tokens, size, self.card.overlap):
            yield _Window(index, self._tokenizer.enclose(window))

    def _run(self, windows: Sequence[_Window]) -> tuple[NDArray[np.float64], list[Failure | None]]:
        logits = np.full((len(windows), len(self._to_card_order)), np.nan)
        failures: list[Failure | None] = [None] * len(windows)
        for batch in token_budget_batches([self._padded(window) for window in windows], self._budget):
            self._run_batch(windows, batch, logits, failures)
        return logits[:, self._to_card_order], failures

    def _padded(self, window: _Window) -> int:
        return -(-len(window.ids) // self._engine.pads_to) * self._engine.pads_to

    def _run_batch(
        self,
        windows: Sequence[_Window],
        batch: list[int],
        logits: NDArray[np.float64],
        failures: list[Failure | None],
    ) -> None:
        try:
            logits[batch] = self._engine.logits([windows[row].ids for row in batch])
        except Exception as error:  # out of memory, or a text that the model chokes on: halve until it stands alone
            release_memory()
            if len(batch) == 1:
                failures[batch[0]] = failure_of(error)
                return
            half = len(batch) // 2
            self._run_batch(windows, batch[:half], logits, failures)
            self._run_batch(windows, batch[half:], logits, failures)

    def _probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.card.task == "multi_label":
            return np.asarray(1 / (1 + np.exp(-logits)))
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def _fold(
        self, tokens: list[int] | Failure, probabilities: NDArray[np.float64], failures: list[Failure | None]
    ) -> TextScore:
        if isinstance(tokens, str):
            return TextScore(None, failure=tokens)
        failure = next((f for f in failures if f), None)
        if failure is None and not np.isfinite(probabilities).all():
            failure = "not_finite"
        if failure is not None:
            return TextScore(None, len(tokens), len(failures), failure)
        folded = fold_windows(probabilities, self.card)
        return TextScore(tuple(map(float, folded)), len(tokens), len(failures))
