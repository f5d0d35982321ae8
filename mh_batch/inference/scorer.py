"""Texts in, probabilities out: tokenise, cut, batch, run, fold."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mh_batch.inference.batching import LogitsReader, Portion, ScoredTexts
from mh_batch.inference.engines import Computation, Engine, Logits
from mh_batch.inference.error_types import Failure, failure_of, is_beyond_repair, release_memory
from mh_batch.inference.token_sequences import Integers, TokenizedTexts, TokenSequences
from mh_batch.inference.tokenization import TextTokenizer
from mh_batch.models import Model

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK_TEXTS = 256
_CHUNK_CHARS = 500_000

# Tokens that wait together, two batches at least and more where several are under way: enough to sort by length with
# profit, few enough for memory and for the engine to begin soon.
_POOL_TOKENS = 65_536


@dataclass(frozen=True)
class TextScore:
    """The score of one text.

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
class _Batch:
    """Windows of a portion that an engine was given, or why it did not take them."""

    portion: Portion
    windows: Integers
    computation: Computation | Failure


class Scorer:
    """Scores texts with one model. Holds no state between calls, so the order of texts does not matter."""

    def __init__(self, model: Model, tokenizer: TextTokenizer, engine: Engine, token_budget: int) -> None:
        """Join a model's tokenizer and engine.

        Args:
            model: The model.
            tokenizer: Its tokenizer.
            engine: What runs it.
            token_budget: Tokens of one batch at most, padding included.
        """
        self.card = model.card
        self._tokenizer = tokenizer
        self._engine = engine
        self._budget = token_budget
        self._frame = tokenizer.frame(model.card.max_tokens, model.card.overlap)
        order = np.array([model.outputs.index(label) for label in model.card.labels])
        self._reader = LogitsReader(model.card, order)

    def score(self, texts: Sequence[str]) -> list[TextScore]:
        """Return one score per text, in order. A text that cannot be scored has a failure and harms no other."""
        found = dict(self.stream(enumerate(texts)))
        return [found[number] for number in range(len(texts))]

    def stream(self, texts: Iterable[tuple[Key, str]]) -> Iterator[tuple[Key, TextScore]]:
        """Yield the score of each text under its key, in any order."""
        keys: dict[int, Key] = {}
        seen = 0

        def noted() -> Iterator[list[str]]:
            nonlocal seen
            for chunk in _chunks(texts):
                keys.update(enumerate((key for key, _ in chunk), start=seen))
                seen += len(chunk)
                yield [text for _, text in chunk]

        for scored in self.score_tokens(one_ahead(self._tokenizer.tokenize, noted())):
            for number, score in zip(scored.numbers.tolist(), text_scores(scored), strict=True):
                yield keys.pop(number), score

    def score_tokens(self, texts: Iterable[TokenizedTexts]) -> Iterator[ScoredTexts]:
        """Yield what the model says of texts, numbered as they come, in any order.

        Texts wait together until there are enough to sort their windows by length; batches are taken longest first, and
        what is shortest waits for the next texts. So batches are full and of about one length, and what waits is
        bounded, so memory does not grow with the number of texts.
        """
        enough = max(_POOL_TOKENS, (1 + self._engine.in_flight) * self._budget)
        waiting: list[tuple[TokenSequences, Integers]] = []
        computing: deque[_Batch] = deque()
        tokens = seen = 0
        for part in texts:
            numbers = np.arange(seen, seen + len(part))
            seen += len(part)
            kept = part.tokens
            if part.failures:
                yield _failed(part, numbers, len(self.card.labels))
                sound = np.setdiff1d(np.arange(len(part)), list(part.failures))
                kept, numbers = kept.take(sound), numbers[sound]
            if not len(kept):
                continue
            waiting.append((kept, numbers))
            tokens += kept.tokens + len(kept) * self._frame.n_special
            if tokens >= enough:
                portion = self._portion(waiting)
                yield from self._run(portion, enough // 2, computing)
                left, numbers = portion.left()
                waiting, tokens = [(left, numbers)], left.tokens + len(left) * self._frame.n_special
        if waiting:
            yield from self._run(self._portion(waiting), 0, computing)
        while computing:
            yield from self._finish(computing.popleft(), computing)

    def _portion(self, waiting: Sequence[tuple[TokenSequences, Integers]]) -> Portion:
        texts = TokenSequences.joined([texts for texts, _ in waiting])
        return Portion(texts, np.concatenate([numbers for _, numbers in waiting]), self._frame, self._reader)

    def _run(self, portion: Portion, keep: int, computing: deque[_Batch]) -> Iterator[ScoredTexts]:
        """Run a portion's longest windows until `keep` tokens or less are left; results come behind."""
        for windows in portion.batches(self._budget, self._engine.pads_to, keep):
            computing.append(self._submitted(portion, windows))
            while len(computing) >= self._engine.in_flight:
                yield from self._finish(computing.popleft(), computing)

    def _finish(self, batch: _Batch, computing: deque[_Batch]) -> Iterator[ScoredTexts]:
        """Wait for a batch; one that fails is halved until the window that the model chokes on stands alone."""
        logits = _result(batch.computation)
        if not isinstance(logits, str) or len(batch.windows) == 1:
            scored = batch.portion.take(batch.windows, logits)
            if len(scored):
                yield scored
            return
        # What else is on the device needs memory as well. Not where the error was caught: its traceback held what the
        # batch had allocated.
        while computing:
            yield from self._finish(computing.popleft(), computing)
        release_memory()
        half = len(batch.windows) // 2
        for windows in (batch.windows[:half], batch.windows[half:]):
            yield from self._finish(self._submitted(batch.portion, windows), computing)

    def _submitted(self, portion: Portion, windows: Integers) -> _Batch:
        try:
            return _Batch(portion, windows, self._engine.submit(portion.enclosed(windows)))
        except Exception as error:  # out of memory, or a text that the model chokes on
            return _Batch(portion, windows, _failure(error))


def text_scores(scored: ScoredTexts) -> Iterator[TextScore]:
    """Yield one object for each text."""
    columns = zip(scored.probabilities.tolist(), scored.n_tokens.tolist(), scored.n_windows.tolist(), strict=True)
    for row, (probabilities, n_tokens, n_windows) in enumerate(columns):
        failure = scored.failures.get(row)
        yield TextScore(tuple(probabilities) if failure is None else None, n_tokens, n_windows, failure)


def _result(computation: Computation | Failure) -> Logits | Failure:
    if isinstance(computation, str):
        return computation
    try:
        return computation.result()
    except Exception as error:  # as above: a device tells some errors when it is asked for the result
        return _failure(error)


def _failure(error: Exception) -> Failure:
    if is_beyond_repair(error):
        raise error
    return failure_of(error)


def _failed(part: TokenizedTexts, numbers: Integers, labels: int) -> ScoredTexts:
    """Texts that could not be tokenised."""
    rows = np.array(sorted(part.failures))
    words = {row: part.failures[int(text)] for row, text in enumerate(rows)}
    nothing = np.zeros(len(rows), np.int64)
    return ScoredTexts(numbers[rows], np.full((len(rows), labels), np.nan), nothing, nothing, words)


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


def one_ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield `work(item)` in order, the next one already under way in a thread of its own.

    Worth it where the work leaves the interpreter, as tokenizers do. Items are drawn in the caller's thread, never more
    than two ahead of what was taken.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        waiting: Future[Result] | None = None
        for item in items:
            coming = thread.submit(work, item)
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()
