"""The stages that run a model over the texts that its store lacks."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from mh_batch.common.filesystem import Folder
from mh_batch.inference.execution import Execution
from mh_batch.models import Model
from mh_batch.output.store import ScoreStore
from mh_batch.scoring.inference.batch_inference import BatchInference, TokenTable
from mh_batch.scoring.inference.loading import ModelLoader, SharedModels
from mh_batch.settings import ScoreSettings
from mh_batch.spark.counters import Throughput
from mh_batch.spark.devices import Placement
from mh_batch.spark.materialization import keep

# So many keys fit into the memory of every executor, and are sent to where the store is read.
_KEYS_TO_SEND = 2_000_000


@dataclass(frozen=True)
class InferenceStage:
    """Scores texts for one run.

    Attributes:
        spark: The session.
        settings: Of the run.
        run_id: The run, under whose name the store keeps what is scored.
        texts: Gives the texts, `content_key, text, n_chars`, of what `look_up` found lacking.
        work: Folder for what is needed only meanwhile.
        placement: Where models compute.
        load: Loads tokenizers and models.
    """

    spark: SparkSession
    settings: ScoreSettings
    run_id: str
    texts: Callable[[DataFrame], DataFrame]
    work: Folder
    placement: Placement = field(default_factory=Placement)
    load: ModelLoader = field(default_factory=SharedModels)

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

    def tokenise(self, model: Model, execution: Execution, lacking: DataFrame) -> TokenTable:
        """Make token ids of the texts that `look_up` found lacking; whoever asks for them releases them."""
        return self._inference(model, execution).tokenise(self.texts(lacking), lacking, self.settings.partitions)

    def score(self, model: Model, execution: Execution, texts: TokenTable, store: ScoreStore) -> Throughput:
        """Score the texts that `tokenise` returned, and keep them in the store."""
        return self._inference(model, execution).score(texts, lambda rows: store.append(rows, self.run_id))

    def scored(self, known: DataFrame, store: ScoreStore) -> DataFrame:
        """Return what is known now of the texts that `look_up` was asked about; one may stand there twice."""
        return known.unionByName(store.of_run(self.run_id))

    def _inference(self, model: Model, execution: Execution) -> BatchInference:
        budget, cores = self.settings.token_budget, self.settings.task_cores
        title = f"scoring with {model.card.name}"
        return BatchInference(self.spark, model, execution, self.placement, title, budget, cores, self.load)
