"""Texts to score, where one process can hold them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from mh_batch.common.progress import Progress
from mh_batch.evaluation.data import text_facts
from mh_batch.evaluation.metrics import Floats
from mh_batch.inference import TextScore, load_scorer
from mh_batch.inference.execution import Execution
from mh_batch.models import Model
from mh_batch.settings import Device

TextFacts = tuple[list[str | None], list[str | None]]


@dataclass(frozen=True)
class Scored:
    """What a model says of texts.

    Attributes:
        rows: Probabilities, texts x labels of the card; NaN where a text could not be scored.
        seconds: Time to score them, without loading the model.
    """

    rows: Floats
    seconds: float


class Texts(Protocol):
    """Texts in a fixed order, wherever they are."""

    def facts(self, detect: bool) -> TextFacts:
        """Return each text's length band, and its language if `detect`; None where there is no text."""

    def scored(self, model: Model, execution: Execution) -> Scored:
        """Return what a model says of each text."""

    def sample(self, size: int, seed: int) -> list[str]:
        """Return about so many texts, drawn at random."""


@dataclass(frozen=True)
class LocalTexts:
    """Texts in memory."""

    texts: Sequence[str | None]
    device: Device
    token_budget: int | None

    def facts(self, detect: bool) -> TextFacts:
        """Look at each text."""
        return text_facts(self.texts, detect)

    def scored(self, model: Model, execution: Execution) -> Scored:
        """Score in this process."""
        scorer = load_scorer(model, execution, here(self.device), self.token_budget)
        present = {row: text for row, text in enumerate(self.texts) if text and text.strip()}
        rows = np.full((len(self.texts), len(model.card.labels)), np.nan)
        started = time.monotonic()
        title = f"{model.card.name}, {execution.engine} {execution.precision}"
        for row, score in _with_progress(scorer.stream(present.items()), present, title):
            if score.probabilities is not None:
                rows[row] = score.probabilities
        return Scored(rows, time.monotonic() - started)

    def sample(self, size: int, seed: int) -> list[str]:
        """Draw texts."""
        present = [text for text in self.texts if text and text.strip()]
        chosen = np.random.default_rng(seed).permutation(len(present))[:size]
        return [present[row] for row in chosen]


def here(device: Device) -> str:
    """Return the PyTorch device of this process."""
    if device == "cuda" or (device == "auto" and torch.cuda.is_available()):
        return "cuda:0"
    return "cpu"


def _with_progress(
    scores: Iterator[tuple[int, TextScore]], texts: Mapping[int, str], title: str
) -> Iterator[tuple[int, TextScore]]:
    """The scores, with their progress. Time is reckoned by characters: long texts come first."""
    chars = 0
    total = sum(map(len, texts.values()))
    with Progress(title, len(texts), "texts", size=total, size_unit="characters") as progress:
        for done, (row, score) in enumerate(scores, start=1):
            yield row, score
            chars += len(texts[row])
            progress.update(done, chars)
