"""Texts that are scored together: batches of their windows under a token budget, and what the model said of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from mh_batch.inference.engines import Logits
from mh_batch.inference.error_types import Failure
from mh_batch.inference.token_sequences import Integers, TokenSequences, ranges
from mh_batch.inference.windows import Floats, WindowFrame, fold_windows
from mh_batch.models import ModelCard


def token_budget_batches(lengths: Integers, budget: int, pads_to: int) -> Iterator[slice]:
    """Cut windows, longest first, into batches of at most `budget` tokens; a longer window stands alone.

    Longest first: if memory runs short, it does so at once, and windows of a batch are of about one length.

    Args:
        lengths: Tokens of the windows, falling.
        budget: Tokens of a batch at most, padding included.
        pads_to: As of `Engine.pads_to`.
    """
    if pads_to:
        padded = -(-lengths // pads_to) * pads_to
        most = np.maximum(budget // padded, 1)
    else:
        ends = np.cumsum(lengths)
        most = np.searchsorted(ends, ends - lengths + budget, side="right") - np.arange(len(lengths))
        most = np.maximum(most, 1)
    start = 0
    while start < len(lengths):
        end = min(start + int(most[start]), len(lengths))
        yield slice(start, end)
        start = end


@dataclass(frozen=True)
class ScoredTexts:
    """The scores of some texts of a stream.

    Attributes:
        numbers: Place of each text in the stream, from 0.
        probabilities: Texts x labels, in the card's order; NaN for texts that could not be scored.
        n_tokens: Tokens of each whole text, without special tokens.
        n_windows: Windows that it was read in.
        failures: Why some of them could not be scored, by their row here.
    """

    numbers: Integers
    probabilities: Floats
    n_tokens: Integers
    n_windows: Integers
    failures: Mapping[int, Failure] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.numbers)


@dataclass(frozen=True)
class LogitsReader:
    """Makes probabilities of logits.

    Attributes:
        card: The model's card.
        to_card_order: The checkpoint's output of each label of the card.
    """

    card: ModelCard
    to_card_order: Integers

    def probabilities(self, logits: Logits) -> Floats:
        """Return probabilities (windows x labels, in the card's order) of finite logits in the checkpoint's order."""
        ordered = logits[:, self.to_card_order]
        if self.card.task == "multi_label":
            return np.asarray(1 / (1 + np.exp(-ordered)))
        exponentials = np.exp(ordered - ordered.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


class Portion:
    """Texts in the hands of the model."""

    def __init__(self, texts: TokenSequences, numbers: Integers, frame: WindowFrame, reader: LogitsReader) -> None:
        """Cut texts, none of them empty, into windows.

        Args:
            texts: Token ids.
            numbers: Places of the texts in their stream.
            frame: How windows are cut.
            reader: Makes probabilities of logits.
        """
        self._texts, self._numbers, self._frame, self._reader = texts, numbers, frame, reader
        self._windows = frame.cut(texts)
        self._first = np.cumsum(self._windows.per_text) - self._windows.per_text
        # Stable, so that windows of one text stay neighbours: all but those of short texts are of one length.
        self._order = np.argsort(-self._windows.length, kind="stable")
        self._logits = np.zeros((len(self._order), len(reader.to_card_order)))
        self._to_come = self._windows.per_text.copy()
        self._failures: dict[int, Failure] = {}

    def batches(self, budget: int, pads_to: int, keep: int) -> list[Integers]:
        """Return the windows of each batch, longest first, without the last ones that are `keep` tokens or less.

        All windows of a text are run or none: `left` returns the texts of which none are.

        Args:
            budget: Tokens of a batch at most, padding included.
            pads_to: As of `Engine.pads_to`.
            keep: Tokens that may be left for the next texts.
        """
        lengths = self._windows.length[self._order] + self._frame.n_special
        ends = np.cumsum(lengths)
        wanted = [
            batch
            for batch in token_budget_batches(lengths, budget, pads_to)
            if ends[-1] - ends[batch.start] + lengths[batch.start] > keep
        ]
        end = wanted[-1].stop if wanted else 0
        # Windows of one text are neighbours here, since all windows of a text that has several are of one length.
        text = self._windows.text[self._order]
        begun = end
        while 0 < begun < len(text) and text[begun] == text[end - 1]:
            begun += 1
        self._left = np.unique(text[begun:])
        rest = token_budget_batches(lengths[end:begun], budget, pads_to)
        wanted += [slice(end + batch.start, end + batch.stop) for batch in rest]
        return [self._order[batch] for batch in wanted]

    def left(self) -> tuple[TokenSequences, Integers]:
        """Return the texts that `batches` left, and their places in the stream."""
        return self._texts.take(self._left), self._numbers[self._left]

    def enclosed(self, windows: Integers) -> TokenSequences:
        """Return windows with their special tokens."""
        return self._frame.enclosed(self._texts.ids, self._windows.start[windows], self._windows.length[windows])

    def take(self, windows: Integers, logits: Logits | Failure) -> ScoredTexts:
        """Add what the model said of windows, or why it could not; return the texts that are done by that."""
        texts = self._windows.text[windows]
        if isinstance(logits, str):
            self._failures |= dict.fromkeys(texts.tolist(), logits)
        else:
            self._logits[windows] = logits
        np.subtract.at(self._to_come, texts, 1)
        done = np.unique(texts)
        return self._scored(done[self._to_come[done] == 0])

    def _scored(self, texts: Integers) -> ScoredTexts:
        per_text = self._windows.per_text[texts]
        logits = self._logits[ranges(self._first[texts], per_text)]
        # Looked for before they become probabilities: infinite logits would become certainty.
        broken = ~np.isfinite(logits).all(axis=1)
        failures = dict.fromkeys(np.repeat(np.arange(len(texts)), per_text)[broken].tolist(), "not_finite")
        if self._failures:
            words = {row: self._failures.get(text) for row, text in enumerate(texts.tolist())}
            failures |= {row: word for row, word in words.items() if word is not None}
        logits[broken] = 0.0
        probabilities = fold_windows(self._reader.probabilities(logits), per_text, self._reader.card)
        probabilities[list(failures)] = np.nan
        return ScoredTexts(self._numbers[texts], probabilities, self._texts.lengths[texts], per_text, failures)
