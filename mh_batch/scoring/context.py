"""The context that a run's stages share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyspark.sql import SparkSession

from mh_batch.common.filesystem import Folder
from mh_batch.inference import Execution, choose_execution
from mh_batch.models import Model
from mh_batch.models.labels import thresholds_of
from mh_batch.output import OutputRoot, ScoreStore, new_run_id, root_key
from mh_batch.pseudonyms import PseudonymKey
from mh_batch.scoring.inference.model_loading import ModelLoader
from mh_batch.scoring.plan import RunPlan
from mh_batch.scoring.stage_timer import StageTimer, utc_now
from mh_batch.settings import ScoreSettings
from mh_batch.spark import Placement, find_placement


@dataclass(frozen=True)
class RunContext:
    """A run that has begun.

    Attributes:
        spark: The session.
        plan: What is to be done.
        key: Secret of the root's pseudonyms.
        placement: Where models compute.
        executions: How each model is run there, by the name of its card.
        load: Loads tokenizers and models in the workers.
        previous: The run that was the newest when this one began.
        timer: Times the stages.
        run_id: The run's id.
        started_at: When it began.
    """

    spark: SparkSession
    plan: RunPlan
    key: PseudonymKey
    placement: Placement
    executions: Mapping[str, Execution]
    load: ModelLoader
    previous: str | None
    timer: StageTimer
    run_id: str
    started_at: str = field(default_factory=utc_now)

    @property
    def settings(self) -> ScoreSettings:
        """The run's settings."""
        return self.plan.settings

    @property
    def root(self) -> OutputRoot:
        """The output root."""
        return self.plan.root

    @property
    def folder(self) -> Folder:
        """The run's folder, staged and then published."""
        return self.root.run(self.run_id)

    @property
    def work(self) -> Folder:
        """The folder for what is needed only meanwhile."""
        return self.root.work(self.run_id)

    @property
    def score_undetermined(self) -> bool:
        """Whether texts that do not tell their language are scored."""
        return self.settings.undetermined_language == "score"

    def execution(self, model: Model) -> Execution:
        """Return engine and precision of a model."""
        return self.executions[model.card.name]

    def placement_of(self, model: Model) -> Placement:
        """Return where a model computes."""
        return self.placement.of(self.execution(model))

    def thresholds(self, model: Model) -> dict[str, float]:
        """Return the thresholds that a model's labels are given by."""
        return thresholds_of(model.card, self.settings.threshold)

    def store(self, model: Model) -> ScoreStore:
        """Return the part of the score store that is the model's."""
        return ScoreStore(self.spark, self.root, model.fingerprint(self.execution(model).precision))


def begin_run(spark: SparkSession, plan: RunPlan, load: ModelLoader) -> RunContext:
    """Settle where the models compute, and open the root's key, made where the root has none.

    Args:
        spark: The session.
        plan: What is to be done.
        load: Loads tokenizers and models in the workers.

    Raises:
        KeyFileError, RotationError: the root cannot be written to with the key.
        UsageError: the device that was asked for cannot be had.
    """
    settings, run_id = plan.settings, new_run_id()
    placement = find_placement(spark, settings.device, settings.task_cores, settings.precision == "auto")
    best = placement.precision or "fp32"
    return RunContext(
        spark,
        plan,
        root_key(plan.root, settings.key_file, may_create=True),
        placement,
        {model.card.name: choose_execution(model, settings.engine, settings.precision, best) for model in plan.models},
        load,
        next(reversed(plan.root.published()), None),
        StageTimer(run_id, settings.metrics),
        run_id,
    )
