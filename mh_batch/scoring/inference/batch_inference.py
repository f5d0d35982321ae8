"""One model over many texts, in two stages of Spark tasks: texts become token ids, and token ids are scored.

Texts are tokenised by all cores before they are sent to the tasks of the model: ids are sent instead of texts, tasks
are of equal work by the exact number of tokens, and a GPU does not wait for a tokenizer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch.contracts import load_contract
from mh_batch.inference import Execution
from mh_batch.models import Model
from mh_batch.scoring.inference.model_loading import ModelLoader, SharedModels, ship_model
from mh_batch.scoring.inference.score_task import scoring_function
from mh_batch.scoring.inference.tokenise_task import TOKENISED, tokenising_function
from mh_batch.scoring.inference.waves import TOKENS_PER_PART, in_waves
from mh_batch.spark import (
    GPU_WORKERS,
    TOKENS_PER_GPU_TASK,
    TOKENS_PER_TASK,
    BatchFunction,
    Counters,
    Placement,
    TaskPlan,
    Throughput,
    common_workers,
    inference_profile,
    own_workers,
    persist_on_executors,
    unpersist,
)

if TYPE_CHECKING:
    from mh_batch.settings import Device


@dataclass(frozen=True)
class TokenTable:
    """Texts as token ids, on the executors' disks until they are released.

    Attributes:
        table: `content_key, ids, n_tokens, failure`.
        plan: How they are spread over the tasks of the model.
        done: What tokenising them took.
    """

    table: DataFrame
    plan: TaskPlan
    done: Throughput

    def close(self) -> None:
        """Delete them."""
        unpersist(self.table)


@dataclass(frozen=True)
class BatchInference:
    """Scores texts with one model.

    Attributes:
        spark: The session.
        model: The model.
        execution: Engine and precision.
        placement: Where models compute.
        title: What is done, for people who watch.
        token_budget: Padded tokens in one batch; by the memory at hand if None.
        task_cores: Cores of each task that runs the model; as of `inference_profile` if None.
        load: Loads tokenizer and model.
    """

    spark: SparkSession
    model: Model
    execution: Execution
    placement: Placement
    title: str
    token_budget: int | None = None
    task_cores: int | None = None
    load: ModelLoader = field(default_factory=SharedModels)

    def tokenise(self, texts: DataFrame, sizes: DataFrame, tasks: int | None = None) -> TokenTable:
        """Make token ids of texts, and plan how they are scored.

        Args:
            texts: `content_key, text, n_chars`.
            sizes: `n_chars` of the same texts, from where it is read quickest.
            tasks: Tasks to spread them over; by their tokens if None.

        Raises:
            CorpusChangedError: a text does not have its `n_chars`.
        """
        row = sizes.agg(F.count("*"), F.sum("n_chars")).head()
        assert row is not None
        if row[0] == 0:
            return TokenTable(texts, TaskPlan(0, 0, 0, {}), Throughput())
        counters = Counters(self.spark.sparkContext)
        work = tokenising_function(ship_model(self.spark, self.model), counters, self.load)
        with common_workers():
            tokenised = texts.select("content_key", "text", "n_chars").mapInArrow(work, TOKENISED)
        table = persist_on_executors(tokenised)
        try:
            with counters.progress(f"tokenising for {self.model.card.name}", row[0], row[1], "chars") as progress:
                plan = TaskPlan.of(table, tasks, *self._task_size)
        except BaseException:
            unpersist(table)
            raise
        return TokenTable(table, plan, Throughput(counters.effort(), progress.seconds))

    def score(self, texts: TokenTable, keep: Callable[[DataFrame], None]) -> Throughput:
        """Score texts.

        Args:
            texts: What `tokenise` returned.
            keep: Given rows of the store's contract; several times, if all texts are too many for the GPUs at once.
        """
        plan = texts.plan
        if plan.texts == 0:
            return Throughput()
        counters = Counters(self.spark.sparkContext)
        shipped = ship_model(self.spark, self.model)
        work = scoring_function(shipped, self.execution, self._place, self.token_budget, counters, self.load)
        spread = texts.table.select("content_key", "ids", "failure", plan.task().alias("task"))
        with counters.progress(self.title, plan.texts, plan.tokens) as progress:
            if self._place.gpus:
                in_waves(spread, plan, len(self._place.gpus), lambda wave: keep(self._scored(wave, work)))
            else:
                keep(self._scored(spread.repartitionById(plan.tasks, "task").drop("task"), work))
        return Throughput(replace(counters.effort(), chars=texts.done.effort.chars), progress.seconds)

    @property
    def _place(self) -> Placement:
        return self.placement.of(self.execution)

    @property
    def _task_size(self) -> tuple[int, int | None]:
        """Tokens of each task, and tasks side by side."""
        if self._place.gpus:
            return TOKENS_PER_PART, len(self._place.gpus)
        return (TOKENS_PER_GPU_TASK if self._place.kind == "cuda" else TOKENS_PER_TASK), None

    def _scored(self, texts: DataFrame, work: BatchFunction) -> DataFrame:
        device: Device = "auto" if self._place.kind == "cuda" else "cpu"
        profile = inference_profile(self.spark, device, self.task_cores)
        own = own_workers(self.spark.sparkContext, GPU_WORKERS) if self._place.kind == "cuda" else nullcontext()
        with own:
            return texts.mapInArrow(work, load_contract("store").spark_schema(), profile=profile)
