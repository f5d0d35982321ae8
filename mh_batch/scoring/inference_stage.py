"""The stage that runs a model over the texts that its store lacks."""

from dataclasses import asdict, dataclass, field

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from mh_batch.inference.execution import Execution
from mh_batch.models import Model
from mh_batch.scoring.counters import Counters, Effort
from mh_batch.scoring.progress import Progress
from mh_batch.scoring.shipping import ship_model
from mh_batch.scoring.store import ScoreStore
from mh_batch.scoring.tables import eligible
from mh_batch.scoring.tasks import TaskPlan
from mh_batch.scoring.worker import scoring_function
from mh_batch.settings import ScoreSettings
from mh_batch.validation import load_contract


@dataclass(frozen=True)
class Throughput:
    """What the stage did, and in which time."""

    effort: Effort = field(default_factory=Effort)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """For the manifest."""
        seconds = max(self.seconds, 1e-9)
        return {
            **asdict(self.effort),
            "seconds": round(self.seconds, 3),
            "texts_per_second": round(self.effort.texts / seconds, 2),
            "tokens_per_second": round(self.effort.tokens / seconds, 1),
        }


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
    plan = TaskPlan.of(missing, settings.partitions)
    if plan.texts == 0:
        return Throughput()
    counters = Counters(spark.sparkContext)
    work = scoring_function(ship_model(spark, model), execution, settings.device, settings.token_budget, counters)
    with Progress(f"scoring with {model.card.name}", counters, plan.texts, plan.chars) as progress:
        texts = _texts(corpus, missing.withColumn("task", plan.task())).repartitionById(plan.tasks, "task")
        scored = texts.drop("task").mapInArrow(work, load_contract("store").spark_schema())
        store.append(scored, run_id)
    return Throughput(counters.effort(), progress.seconds)


def _missing(documents: DataFrame, store: ScoreStore) -> DataFrame:
    """One document for each text that is not in the store."""
    return (
        documents.groupBy("content_key")
        .agg(F.min(F.struct("source_path", "source_row")).alias("place"), F.first("n_chars").alias("n_chars"))
        .join(store.scored().select("content_key"), "content_key", "left_anti")
        .select("content_key", "place.source_path", "place.source_row", "n_chars")
    )


def _texts(corpus: DataFrame, missing: DataFrame) -> DataFrame:
    wanted = missing.select("content_key", "source_path", "source_row", "n_chars", "task")
    return corpus.join(wanted, ["source_path", "source_row"]).select("content_key", "text", "n_chars", "task")
