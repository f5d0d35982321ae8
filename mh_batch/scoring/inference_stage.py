"""The stage that runs a model over the texts that its store lacks."""

import math
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from mh_batch.inference.execution import Execution
from mh_batch.models import Model
from mh_batch.scoring.counters import Counters
from mh_batch.scoring.progress import Progress
from mh_batch.scoring.shipping import ship_model
from mh_batch.scoring.store import ScoreStore
from mh_batch.scoring.tables import eligible
from mh_batch.scoring.worker import scoring_function
from mh_batch.settings import ScoreSettings
from mh_batch.validation import load_contract

# A finished task is durable: small tasks lose little when a run is killed, and the model stays loaded between them.
_CHARS_PER_TASK = 1_000_000
_MAX_TASKS = 100_000


@dataclass(frozen=True)
class Throughput:
    """What the stage did."""

    texts: int
    tokens: int
    windows: int
    model_loads: int
    seconds: float

    def as_dict(self) -> dict[str, float]:
        """For the manifest."""
        rates = {
            "texts_per_second": round(self.texts / max(self.seconds, 1e-9), 2),
            "tokens_per_second": round(self.tokens / max(self.seconds, 1e-9), 1),
        }
        return {**self.__dict__, "seconds": round(self.seconds, 3), **rates}


def score_missing(
    spark: SparkSession,
    model: Model,
    execution: Execution,
    corpus: DataFrame,
    documents: DataFrame,
    store: ScoreStore,
    settings: ScoreSettings,
    run_id: str,
) -> Throughput:
    """Score each text that the store lacks, once, and append it to the store.

    Args:
        spark: The session.
        model: The model.
        execution: Engine and precision.
        corpus: What `read_corpus` returns: the texts.
        documents: All documents without text, judged.
        store: The model's store.
        settings: Token budget, device, number of tasks.
        run_id: Names the run's part of the store.
    """
    missing = _missing(eligible(documents, model.card), store).persist()
    try:
        return _score(spark, model, execution, corpus, missing, store, settings, run_id)
    finally:
        missing.unpersist()


def _score(
    spark: SparkSession,
    model: Model,
    execution: Execution,
    corpus: DataFrame,
    missing: DataFrame,
    store: ScoreStore,
    settings: ScoreSettings,
    run_id: str,
) -> Throughput:
    texts, chars = _size(missing)
    if texts == 0:
        return Throughput(0, 0, 0, 0, 0.0)
    counters = Counters.on(spark.sparkContext)
    tasks = settings.partitions or _tasks(spark, texts, chars)
    work = scoring_function(ship_model(spark, model), execution, settings.device, settings.token_budget, counters)
    with Progress(f"scoring with {model.card.name}", texts, counters) as progress:
        scored = _texts(corpus, missing).repartition(tasks).mapInArrow(work, load_contract("store").spark_schema())
        store.append(scored, run_id)
    return Throughput(
        counters.texts.value,
        counters.tokens.value,
        counters.windows.value,
        counters.model_loads.value,
        progress.seconds,
    )


def _missing(documents: DataFrame, store: ScoreStore) -> DataFrame:
    """One document for each text that is not in the store."""
    return (
        documents.groupBy("content_key")
        .agg(F.min(F.struct("source_path", "source_row")).alias("place"), F.first("n_chars").alias("n_chars"))
        .join(store.scored().select("content_key"), "content_key", "left_anti")
        .select("content_key", "place.source_path", "place.source_row", "n_chars")
    )


def _size(missing: DataFrame) -> tuple[int, int]:
    row = missing.agg(F.count("*"), F.coalesce(F.sum("n_chars"), F.lit(0))).head()
    assert row is not None
    return int(row[0]), int(row[1])


def _tasks(spark: SparkSession, texts: int, chars: int) -> int:
    by_size = math.ceil(chars / _CHARS_PER_TASK)
    return min(texts, _MAX_TASKS, max(by_size, spark.sparkContext.defaultParallelism))


def _texts(corpus: DataFrame, missing: DataFrame) -> DataFrame:
    wanted = missing.select("content_key", "source_path", "source_row")
    return corpus.join(wanted, ["source_path", "source_row"]).select("content_key", "text")
