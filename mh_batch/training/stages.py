"""All stages of a recipe, one after another, each from where the one before left off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import EvalPrediction

from mh_batch.common.atomic_folder import draft_of
from mh_batch.errors import UsageError
from mh_batch.training.encoded_dataset import TARGETS, EncodedDataset
from mh_batch.training.initial_model import (
    InitialModel,
    from_checkpoint,
    from_stage,
    learner_of,
    new_student,
    repeat_positions,
)
from mh_batch.training.measures import figures_of
from mh_batch.training.objective import Objective, balanced_weights
from mh_batch.training.prepared import PreparedData, open_prepared
from mh_batch.training.recipe import Stage, Student, TrainingRecipe
from mh_batch.training.saving import save_classifier
from mh_batch.training.stage import Machine, train_stage
from mh_batch.training.teacher import Teacher
from mh_batch.training.teaching import encoded, lessons_of
from mh_batch.training.texts import Texts, held_texts, own_rows, texts_of

MODEL, CURVE, LEARNED_FROM = "model", "curve.json", "learned_from.json"


@dataclass(frozen=True)
class Plan:
    """A recipe with all that it is followed with.

    Attributes:
        recipe: The recipe.
        data: Folder of the prepared data set of each stage.
        models_dir: Where checkpoints lie, if not on the hub.
        teacher: Folder of a pretrained sequence classifier that a student follows.
        teacher_answers: Folder that keeps what it answered.
        unlabelled: Parquet files with a column `text`, for the teacher to judge.
        seed: Of all chance.
        threads: Of each process; the machine's if None.
        work: Folder in which the training goes on after it was interrupted.
    """

    recipe: TrainingRecipe
    data: Mapping[str, Path]
    models_dir: Path | None
    teacher: Path | None
    teacher_answers: Path
    unlabelled: tuple[Path, ...]
    seed: int
    threads: int | None
    work: Path

    def data_of(self, stage: Stage) -> PreparedData:
        """Open the data set of a stage; UsageError if none is named for it."""
        if stage.name not in self.data:
            wanted = " ".join(f"{stage.name}=FOLDER" for stage in self.recipe.stages)
            raise UsageError(f"the stage '{stage.name}' has no data: say --data {wanted}")
        return open_prepared(self.data[stage.name])

    def held_texts(self) -> frozenset[str]:
        """Comparable forms of all texts that any stage is measured on."""
        return held_texts((self.data_of(stage), stage) for stage in self.recipe.stages)

    def later_texts(self) -> list[str]:
        """Texts that the stages after the first learn from: the vocabulary of a new model is theirs as well."""
        held = self.held_texts()
        later = (own_rows(self.data_of(stage), stage, held) for stage in self.recipe.stages[1:])
        return [text for rows in later for text in rows["text"]]

    def folder_of(self, stage: Stage) -> Path:
        """Where a stage works."""
        return self.work / stage.name


def train_stages(plan: Plan, machine: Machine) -> Path:
    """Train all stages that are not done, and return the folder of the last one's model."""
    before: Stage | None = None
    for stage in plan.recipe.stages:
        if not (plan.folder_of(stage) / MODEL).is_dir():
            _train(plan, stage, before, machine)
        before = stage
    return plan.folder_of(plan.recipe.stages[-1]) / MODEL


def curves(plan: Plan) -> dict[str, Sequence[Mapping[str, float]]]:
    """What was logged in each stage."""
    return {
        stage.name: json.loads((plan.folder_of(stage) / CURVE).read_text(encoding="utf-8"))
        for stage in plan.recipe.stages
    }


def _train(plan: Plan, stage: Stage, before: Stage | None, machine: Machine) -> None:
    if plan.threads is not None:
        torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    data, folder = plan.data_of(stage), plan.folder_of(stage)
    teacher = None if plan.teacher is None or isinstance(plan.recipe.start, str) else Teacher(plan.teacher)
    follows = teacher is not None and stage.distillation.asks
    texts = texts_of(data, stage, _calm(plan, data), plan.unlabelled, follows, plan.held_texts())
    beginning = _beginning(plan, stage, before, data, texts, teacher)
    longest = stage.tokens or plan.recipe.tokens
    lessons = lessons_of(texts, beginning.tokenizer, longest, stage, teacher, plan.teacher_answers)
    validation = _validation(plan, stage, data, beginning)
    width = lessons.wanted["summaries"].shape[1] if "summaries" in lessons.wanted else None
    learner = learner_of(beginning, plan.recipe, stage, width)

    def figures(found: EvalPrediction) -> dict[str, float]:
        return figures_of(
            data, plan.recipe.card.negative_label, np.asarray(found.predictions), np.asarray(found.label_ids)
        )

    objective = _objective(stage, data, texts)
    logged = train_stage(
        learner, stage, objective, lessons, validation, figures, folder / "checkpoints", plan.seed, machine
    )
    if int(torch.distributed.get_rank() if torch.distributed.is_initialized() else 0) == 0:
        (folder / CURVE).write_text(json.dumps(logged), encoding="utf-8")
        (folder / LEARNED_FROM).write_text(json.dumps(_counts(texts, data)), encoding="utf-8")
        if stage.augmentation.positions:
            repeat_positions(beginning.classifier, stage.augmentation.positions)
        _leave(beginning, folder)
    if torch.distributed.is_initialized():
        torch.distributed.barrier()


def _validation(plan: Plan, stage: Stage, data: PreparedData, beginning: InitialModel) -> EncodedDataset | None:
    if "validation" in stage.learns_from:
        if not data.exclusive:
            raise UsageError(f"the stage '{stage.name}' must not learn from the validation split: thresholds need it")
        return None
    held = data.rows("validation")
    tokens = encoded(beginning.tokenizer, held["text"].tolist(), plan.recipe.tokens)
    return EncodedDataset(tokens, {TARGETS: data.targets(held)})


def _beginning(
    plan: Plan, stage: Stage, before: Stage | None, data: PreparedData, texts: Texts, teacher: Teacher | None
) -> InitialModel:
    if before is not None:
        return from_stage(plan.folder_of(before) / MODEL, data)
    if isinstance(plan.recipe.start, Student):
        follows = teacher if stage.distillation.embeddings else None
        return new_student(plan.recipe, plan.recipe.start, data, [*texts.texts, *plan.later_texts()], follows)
    return from_checkpoint(plan.recipe.start, data, plan.models_dir)


def _objective(stage: Stage, data: PreparedData, texts: Texts) -> Objective:
    balanced = stage.class_weights == "balanced"
    return Objective(
        exclusive=data.exclusive,
        weights=balanced_weights(texts.targets, data.exclusive) if balanced else None,
        label_smoothing=stage.label_smoothing,
        answers=stage.distillation.answers,
        temperature=stage.distillation.temperature,
        summary=stage.distillation.summary,
    )


def _counts(texts: Texts, data: PreparedData) -> dict[str, int | str]:
    return {"data": data.name, "prepared": texts.own, "made": len(texts.texts) - texts.own}


def _leave(beginning: InitialModel, folder: Path) -> None:
    """The model is there when it is whole; the checkpoints are of no more use."""
    with draft_of(folder / MODEL) as draft:
        save_classifier(beginning.classifier, beginning.tokenizer, draft)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def _calm(plan: Plan, data: PreparedData) -> int | None:
    calm = plan.recipe.card.negative_label
    return data.labels.index(calm) if calm in data.labels else None
