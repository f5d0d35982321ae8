"""Texts of many lengths to measure with, none of them met before, and how much work is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mh_batch.benchmark.device.fresh import FreshTexts
from mh_batch.benchmark.device.rounds import Amount
from mh_batch.benchmark.device.tokenizing import TokenizingProcesses
from mh_batch.benchmark.peak import operations_of
from mh_batch.inference.token_sequences import Integers, TokenizedTexts
from mh_batch.inference.windows import WindowFrame


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
