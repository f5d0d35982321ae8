"""The stage that runs a model over the texts that its store lacks."""

from dataclasses import asdict, dataclass, field

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from mh_batch.inference.execution import Execution
from mh_batch.models import Model
from mh_batch.scoring.counters import Counters, Effort
from mh_batch.scoring.keeping import keep
from mh_batch.scoring.progress import Progress
from mh_batch.scoring.resources import inference_profile
from mh_batch.scoring.shipping import ship_model
from mh_batch.scoring.store import ScoreStore
from mh_batch.scoring.tasks import TaskPlan
from mh_batch.scoring.worker import Loader, load_shared, scoring_function
from mh_batch.settings import ScoreSettings
from mh_batch.storage import Folder
from mh_batch.validation import load_contract

# So many keys fit into the memory of every executor, and are sent to where the store is read.
_KEYS_TO_SEND = 2_000_000


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


@dataclass(frozen=True)
class InferenceStage:
    """Scores texts for one run.

    Attributes:
        spark: The session.
        settings: Of the run.
        run_id: The run, under whose name the store keeps what is scored.
        corpus: Documents with `place` and `text`.
        work: Folder for what is needed only meanwhile.
        load: Loads what scores texts.
    """

    spark: SparkSession
    settings: ScoreSettings
    run_id: str
    corpus: DataFrame
    work: Folder
    load: Loader = load_shared

    def look_up(self, documents: DataFrame, count: int, store: ScoreStore, name: str) -> tuple[DataFrame, DataFrame]:
        """Tell the texts that the store knows from those that it lacks.

        Args:
            documents: Those that the model is to score.
            count: How many they are.
            store: Where scores are kept.
            name: Tells the models of the run apart.

        Returns:
            What the store says, as `ScoreStore.lookup` returns it; and one document for each text that it lacks:
            `content_key, place, n_chars`.
        """
        texts = documents.groupBy("content_key").agg(F.min("place").alias("place"), F.max("n_chars").alias("n_chars"))
        if store.is_empty:
            known = store.of_run(self.run_id)
        else:
            keys = texts.select("content_key")
            asked = F.broadcast(keys) if count <= _KEYS_TO_SEND else keys
            known = keep(store.lookup(asked), self.work / f"{name}-known")
        lacking = texts.join(known.select("content_key"), "content_key", "left_anti")
        return known, keep(lacking, self.work / f"{name}-lacking")

    def score(self, model: Model, execution: Execution, lacking: DataFrame, store: ScoreStore) -> Throughput:
        """Score the texts that `look_up` found lacking, and keep them in the store."""
        plan = TaskPlan.of(lacking, self.settings.partitions)
        if plan.texts == 0:
            return Throughput()
        counters = Counters(self.spark.sparkContext)
        shipped = ship_model(self.spark, model)
        work = scoring_function(
            shipped, execution, self.settings.device, self.settings.token_budget, counters, self.load
        )
        with Progress(f"scoring with {model.card.name}", counters, plan.texts, plan.chars) as progress:
            texts = self._texts(lacking.withColumn("task", plan.task())).repartitionById(plan.tasks, "task")
            profile = inference_profile(self.spark, self.settings.device, self.settings.task_cores)
            scored = texts.drop("task").mapInArrow(work, load_contract("store").spark_schema(), profile=profile)
            store.append(scored, self.run_id)
        return Throughput(counters.effort(), progress.seconds)

    def scored(self, known: DataFrame, store: ScoreStore) -> DataFrame:
        """Return what is known now of the texts that `look_up` was asked about; one may stand there twice."""
        return known.unionByName(store.of_run(self.run_id))

    def _texts(self, lacking: DataFrame) -> DataFrame:
        # Hashed rather than sorted: texts are large, and need not wait for each other.
        wanted = lacking.hint("shuffle_hash")
        return (
            self.corpus.select("place", "text").join(wanted, "place").select("content_key", "text", "n_chars", "task")
        )
