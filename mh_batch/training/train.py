"""A training from its recipe to a model folder with a card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from mh_batch.errors import UsageError
from mh_batch.evaluation.evaluate import evaluate
from mh_batch.models import ModelCard
from mh_batch.models.catalogue import CARD_FILE
from mh_batch.settings import EvaluationSettings
from mh_batch.training.curve import write_curve
from mh_batch.training.prepared import PreparedData
from mh_batch.training.recipe import Stage
from mh_batch.training.saving import halve
from mh_batch.training.stage import Machine
from mh_batch.training.stages import LEARNED_FROM, Plan, curves, train_stages

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EVALUATION = "evaluation"


def train(
    plan: Plan, output: Path, machine: Machine, session: Callable[[], AbstractContextManager[SparkSession]]
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
    if output.exists():
        raise UsageError(f"{output} exists: name a folder that does not, or remove it")
    data = [plan.data_of(stage) for stage in plan.recipe.stages][-1]
    plan.work.mkdir(parents=True, exist_ok=True)
    if machine.processes > 1:
        from mh_batch.training.distributed import train_together

        with session() as spark:
            train_together(spark, plan, machine)
    model = train_stages(plan, machine)
    with _draft(model, plan.work) as draft:
        if plan.recipe.weights == "fp16":
            halve(draft)
        _write_card(draft, plan, data)
        write_curve(draft, curves(plan))
        said = evaluate(_measured_on(data, draft))
        draft.rename(output)
    shutil.rmtree(plan.work)
    return said


@contextmanager
def _draft(model: Path, work: Path) -> Iterator[Path]:
    draft = work / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    yield Path(shutil.copytree(model, draft))


def _write_card(folder: Path, plan: Plan, data: PreparedData) -> None:
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
    content = card.model_dump(mode="json", exclude_defaults=True)
    (folder / CARD_FILE).write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110), "utf-8")


def _trained_on(plan: Plan) -> str:
    said = "; then ".join(_learned_from(plan, stage) for stage in plan.recipe.stages)
    return f"{said}. Recipe {plan.recipe.name}, seed {plan.seed}. See the data cards of mh-batch prepare."


def _learned_from(plan: Plan, stage: Stage) -> str:
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
