"""A training from its recipe to a model folder with a card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from mh_batch.common.atomic_folder import check_new, draft_of
from mh_batch.evaluation.evaluate import evaluate
from mh_batch.models import CARD_FILE, ModelCard
from mh_batch.models.card import card_as_yaml
from mh_batch.settings import EvaluationSettings
from mh_batch.training.classifiers import convert_to_half
from mh_batch.training.data.prepared_splits import PreparedData
from mh_batch.training.trainer import Machine
from mh_batch.training.training_curve import write_curve
from mh_batch.training.training_recipe import Stage
from mh_batch.training.training_stages import LEARNED_FROM, TrainingPlan, curves, train_stages

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EVALUATION = "evaluation"


def train(
    plan: TrainingPlan, output: Path, machine: Machine, session: Callable[[], AbstractContextManager[SparkSession]]
) -> str:
    """Train, or go on with a training that was interrupted; leave the model in `output` and return what was measured.

    The folder holds weights, tokenizer, a card with thresholds and error rates, the training's curve, and the
    evaluation on the test split, which nothing was chosen by.

    Args:
        plan: What to do; its working folder goes when the model is there.
        output: The folder to make.
        machine: Where to train, and by how many processes.
        session: Starts Spark, if there are several.

    Raises:
        UsageError: the folder exists, or a stage has no data.
    """
    check_new(output)
    data = [plan.data_of(stage) for stage in plan.recipe.stages][-1]
    plan.work.mkdir(parents=True, exist_ok=True)
    if machine.processes > 1:
        with session() as spark:
            _train_distributed(spark, plan, machine)
    model = train_stages(plan, machine)
    with draft_of(output) as draft:
        shutil.copytree(model, draft, dirs_exist_ok=True)
        if plan.recipe.weights == "fp16":
            convert_to_half(draft)
        _write_card(draft, plan, data)
        write_curve(draft, curves(plan))
        said = evaluate(_measured_on(data, draft))
    shutil.rmtree(plan.work)
    return said


def _write_card(folder: Path, plan: TrainingPlan, data: PreparedData) -> None:
    recipe = plan.recipe
    card = ModelCard(
        name=recipe.name,
        task="single_label" if data.exclusive else "multi_label",
        labels=data.labels,
        max_tokens=recipe.tokens,
        languages=tuple(sorted(data.rows("train")["language"].unique())),
        trained_on=_trained_on(plan),
        **recipe.card.model_dump(),
    )
    (folder / CARD_FILE).write_text(card_as_yaml(card), "utf-8")


def _trained_on(plan: TrainingPlan) -> str:
    said = "; then ".join(_learned_from(plan, stage) for stage in plan.recipe.stages)
    return f"{said}. Recipe {plan.recipe.name}, seed {plan.seed}. See the data cards of mh-batch prepare."


def _learned_from(plan: TrainingPlan, stage: Stage) -> str:
    counts = json.loads((plan.folder_of(stage) / LEARNED_FROM).read_text(encoding="utf-8"))
    made = f", {counts['made']:,} texts more (unlabelled ones, and some made of the first)" if counts["made"] else ""
    followed = plan.teacher is not None and stage.distillation.asks
    teacher = f", and what the teacher {plan.teacher.name} said of all" if plan.teacher and followed else ""
    splits = " and ".join(stage.learns_from)
    return f"{counts['prepared']:,} texts of the data set {counts['data']} ({splits}){made}{teacher}"


def _measured_on(data: PreparedData, folder: Path) -> EvaluationSettings:
    return EvaluationSettings(
        model=(str(folder),),
        data=(str(data.folder / "test.parquet"),),
        validation=() if data.exclusive else (str(data.folder / "validation.parquet"),),
        threshold_criterion=None if data.exclusive else "f1",
        output=folder / EVALUATION,
        write_card=folder / CARD_FILE,
        no_speed=True,
    )


def _train_distributed(spark: SparkSession, plan: TrainingPlan, machine: Machine) -> None:
    """Train by `machine.processes` processes, each on its share of every batch.

    Spark starts them side by side (Spark's `TorchDistributor`, which passes on where they find one another), with a
    GPU for each if `machine` has them. All must see the folders of the plan under the same paths.
    """
    from pyspark.ml.torch.distributor import TorchDistributor

    local = (spark.sparkContext.master or "").startswith("local")
    distributor = TorchDistributor(machine.processes, local_mode=local, use_gpu=machine.device != "cpu")
    distributor.run(train_stages, plan, machine)
