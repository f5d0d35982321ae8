"""Texts to score where there are too many for one process: Spark tasks read and score them, the driver gets figures."""

from __future__ import annotations

import time
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from mh_batch.evaluation.data import facts_of_batches
from mh_batch.evaluation.reading import TEXT, LabelledFiles
from mh_batch.evaluation.texts import Scored, TextFacts
from mh_batch.inference.execution import Execution
from mh_batch.models import Model
from mh_batch.scoring.counters import Counters
from mh_batch.scoring.progress import Progress
from mh_batch.scoring.resources import inference_profile
from mh_batch.scoring.shipping import ship_model
from mh_batch.scoring.tasks import TaskPlan
from mh_batch.scoring.worker import scoring_function
from mh_batch.settings import Device
from mh_batch.storage import Folder
from mh_batch.validation import load_contract

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

    def scored(self, model: Model, execution: Execution) -> Scored:
        """Score in Spark tasks of equal work."""
        texts = self._documents().where(F.trim("text") != "").withColumnRenamed("doc_id", "content_key")
        texts = texts.withColumn("n_chars", F.length("text").cast("long"))
        plan = TaskPlan.of(texts.select("content_key", "n_chars"), None)
        counters = Counters(self.spark.sparkContext)
        work = scoring_function(ship_model(self.spark, model), execution, self.device, self.token_budget, counters)
        with Progress(f"{model.card.name}, {execution.engine} {execution.precision}", counters, plan.texts, plan.chars):
            started = time.monotonic()
            spread = texts.withColumn("task", plan.task()).repartitionById(plan.tasks, "task").drop("task")
            profile = inference_profile(self.spark, self.device, None)
            stored = spread.mapInArrow(work, load_contract("store").spark_schema(), profile=profile)
            found = stored.select("content_key", "probabilities").toPandas()
            seconds = time.monotonic() - started
        ordered = self._ordered(found, "content_key")["probabilities"]
        missing = np.full(len(model.card.labels), np.nan)
        rows = [np.asarray(row, np.float64) if isinstance(row, Sized) else missing for row in ordered]
        return Scored(np.stack(rows), seconds)

    def sample(self, size: int, seed: int) -> list[str]:
        """Draw texts by their identifiers' hash."""
        texts = self._documents().where(F.trim("text") != "")
        drawn = texts.orderBy(F.xxhash64(F.lit(seed), "doc_id")).limit(size)
        return [row["text"] for row in drawn.select("text").collect()]

    def _documents(self) -> DataFrame:
        paths = [Folder.at(file).spark_uri for file in self.files.files]
        names = {name: f"`{self.files.own_name(name)}`" for name in ("doc_id", TEXT)}
        parts = self.spark.read.parquet(*paths)
        return parts.select(*[F.col(own).cast("string").alias(name) for name, own in names.items()])

    def _ordered(self, found: pd.DataFrame, key: str) -> pd.DataFrame:
        return found.set_index(key).reindex(pd.Index(self.doc_ids))


def _words(column: pd.Series[str]) -> list[str | None]:
    """What is no word in a column of pandas is nothing."""
    return [word if isinstance(word, str) else None for word in column]
