"""Labelled texts with what scores them: in this process, or on Spark where they are many."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import torch

from mh_batch.common.progress import Progress
from mh_batch.errors import CorpusError
from mh_batch.evaluation.data.labelled_data import LabelledData, labelled_data, lacks_languages, text_facts
from mh_batch.evaluation.data.labelled_files import TEXT, LabelledFiles
from mh_batch.evaluation.data.truth import read_truth
from mh_batch.evaluation.measures.metrics import Floats
from mh_batch.inference import Execution, TextScore, load_scorer
from mh_batch.models import Model, ModelCard
from mh_batch.settings import Device, EvaluationSettings

TextFacts = tuple[list[str | None], list[str | None]]


@dataclass(frozen=True)
class ModelScores:
    """Probabilities of texts by one model.

    Attributes:
        rows: Probabilities, texts x labels of the card; NaN where a text could not be scored.
        seconds: Time to score them, without loading the model.
    """

    rows: Floats
    seconds: float


class ScorableTexts(Protocol):
    """Texts in a fixed order, wherever they are."""

    def facts(self, detect: bool) -> TextFacts:
        """Return each text's length band, and its language if `detect`; None where there is no text."""

    def scored(self, model: Model, execution: Execution) -> ModelScores:
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

    def scored(self, model: Model, execution: Execution) -> ModelScores:
        """Score in this process."""
        scorer = load_scorer(model, execution, local_device(self.device), self.token_budget)
        present = {row: text for row, text in enumerate(self.texts) if text and text.strip()}
        rows = np.full((len(self.texts), len(model.card.labels)), np.nan)
        started = time.monotonic()
        title = f"{model.card.name}, {execution.engine} {execution.precision}"
        for row, score in _with_progress(scorer.stream(present.items()), present, title):
            if score.probabilities is not None:
                rows[row] = score.probabilities
        return ModelScores(rows, time.monotonic() - started)

    def sample(self, size: int, seed: int) -> list[str]:
        """Draw texts."""
        present = [text for text in self.texts if text and text.strip()]
        chosen = np.random.default_rng(seed).permutation(len(present))[:size]
        return [present[row] for row in chosen]


def local_device(device: Device) -> str:
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


@dataclass(frozen=True)
class LabelledTexts:
    """Labelled rows with their texts.

    Attributes:
        files: Where they lie.
        texts: All texts of the files.
        data: The rows that can be measured on.
        how: How the labels were read, for people.
        detected: Whether languages were detected.
    """

    files: LabelledFiles
    texts: ScorableTexts
    data: LabelledData
    how: str
    detected: bool


@contextmanager
def open_labelled(
    data: Sequence[str], settings: EvaluationSettings, cards: Sequence[ModelCard]
) -> Iterator[LabelledTexts]:
    """Open labelled texts, with a Spark session that lasts as long where one is needed.

    Args:
        data: Files or folders.
        settings: How columns and labels are called, and from how many rows on Spark is used.
        cards: Whose labels the data may name.

    Raises:
        CorpusError: the files cannot be read as labelled texts.
    """
    files = LabelledFiles.of(data, settings.columns)
    if not settings.spark and files.count <= settings.spark_rows:
        table = files.table(with_text=True)
        texts = LocalTexts(table[TEXT].to_pylist(), settings.device, settings.token_budget)
        yield _labelled(files, table, texts, settings, cards)
        return
    if not files.have("doc_id"):
        raise CorpusError("to score on Spark, rows need a doc_id: name the column with --columns doc_id=...")
    from mh_batch.evaluation.data.spark_texts import SparkTexts
    from mh_batch.spark import command_session, run_settings

    table = files.table(with_text=False)
    with command_session("mh-batch evaluate") as spark, run_settings(spark):
        doc_ids = table["doc_id"].to_pylist()
        yield _labelled(
            files, table, SparkTexts(spark, files, doc_ids, settings.device, settings.token_budget), settings, cards
        )


def _labelled(
    files: LabelledFiles,
    table: pa.Table,
    texts: ScorableTexts,
    settings: EvaluationSettings,
    cards: Sequence[ModelCard],
) -> LabelledTexts:
    truth, detect = read_truth(table, settings.positive, cards), lacks_languages(table)
    return LabelledTexts(files, texts, labelled_data(table, truth, *texts.facts(detect)), truth.how, detect)
