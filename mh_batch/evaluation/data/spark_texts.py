"""Texts to score where there are too many for one process: Spark tasks read and score them, the driver gets figures."""

from __future__ import annotations

import time
from collections.abc import Sequence, Sized
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch.corpus import read_corpus
from mh_batch.evaluation.data.labelled_data import facts_of_batches
from mh_batch.evaluation.data.labelled_files import TEXT, LabelledFiles
from mh_batch.evaluation.data.labelled_texts import ModelScores, TextFacts
from mh_batch.inference import Execution
from mh_batch.models import Model
from mh_batch.scoring.inference.batch_inference import BatchInference
from mh_batch.settings import Device
from mh_batch.spark import find_placement

_FACTS = "doc_id string, band string, language string"


@dataclass(frozen=True)
class SparkTexts:
    """Texts that stay in their files.

    Attributes:
        spark: The session.
        files: Where the texts lie.
        doc_ids: The rows in the order of the answers.
        device: Where tasks compute.
        token_budget: Padded tokens in one batch; by the memory at hand if None.
    """

    spark: SparkSession
    files: LabelledFiles
    doc_ids: Sequence[str]
    device: Device
    token_budget: int | None

    def facts(self, detect: bool) -> TextFacts:
        """Look at each text in a Spark task."""
        found = self._documents().mapInArrow(partial(facts_of_batches, detect=detect), _FACTS).toPandas()
        ordered = self._ordered(found, "doc_id")
        return _words(ordered["band"]), _words(ordered["language"])

    def scored(self, model: Model, execution: Execution) -> ModelScores:
        """Score in Spark tasks of equal work."""
        texts = self._documents().where(F.trim("text") != "").withColumnRenamed("doc_id", "content_key")
        texts = texts.withColumn("n_chars", F.length("text").cast("long"))
        title = f"{model.card.name}, {execution.engine} {execution.precision}"
        placement = find_placement(self.spark, self.device)
        inference = BatchInference(self.spark, model, execution, placement, title, self.token_budget)
        parts: list[pd.DataFrame] = []
        started = time.monotonic()
        with closing(inference.tokenise(texts, texts)) as tokenised:
            inference.score(
                tokenised, lambda rows: parts.append(rows.select("content_key", "probabilities").toPandas())
            )
        seconds = time.monotonic() - started
        found = pd.concat(parts) if parts else pd.DataFrame({"content_key": [], "probabilities": []})
        ordered = self._ordered(found, "content_key")["probabilities"]
        missing = np.full(len(model.card.labels), np.nan)
        rows = [np.asarray(row, np.float64) if isinstance(row, Sized) else missing for row in ordered]
        return ModelScores(np.stack(rows), seconds)

    def sample(self, size: int, seed: int) -> list[str]:
        """Draw texts by their identifiers' hash."""
        texts = self._documents().where(F.trim("text") != "")
        drawn = texts.orderBy(F.xxhash64(F.lit(seed), "doc_id")).limit(size)
        return [row["text"] for row in drawn.select("text").collect()]

    def _documents(self) -> DataFrame:
        names = {name: self.files.own_name(name) for name in ("doc_id", TEXT)}
        # Nobody needs consent to measure on texts that somebody labelled for it.
        corpus = read_corpus(self.spark, self.files.files, names, consent_basis="labelled texts")
        return corpus.documents.select("doc_id", TEXT)

    def _ordered(self, found: pd.DataFrame, key: str) -> pd.DataFrame:
        return found.set_index(key).reindex(pd.Index(self.doc_ids))


def _words(column: pd.Series[str]) -> list[str | None]:
    """Words of a column of pandas, None for what is none."""
    return [word if isinstance(word, str) else None for word in column]
