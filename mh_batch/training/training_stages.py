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
from mh_batch.training.classifiers import InitialModel, from_checkpoint, from_stage, repeat_positions, save_classifier
from mh_batch.training.data.encoded_dataset import TARGETS, EncodedDataset, encode_texts
from mh_batch.training.data.prepared_splits import PreparedData, held_out_texts, open_prepared, training_rows
from mh_batch.training.data.training_texts import TrainingTexts, gather_texts
from mh_batch.training.distillation.students import new_student
from mh_batch.training.distillation.teacher import Teacher
from mh_batch.training.distillation.teacher_targets import encode_with_targets
from mh_batch.training.learner import learner_of
from mh_batch.training.objective import Objective, balanced_weights
from mh_batch.training.trainer import Machine, train_stage
from mh_batch.training.training_curve import epoch_metrics
from mh_batch.training.training_recipe import Stage, Student, TrainingRecipe

MODEL, CURVE, LEARNED_FROM = "model", "curve.json", "learned_from.json"


@dataclass(frozen=True)
class TrainingPlan:
    """A recipe with all that it is followed with.

    Attributes:
        recipe: The recipe.
        data: Folder of the prepared data set of each stage.
        models_dir: Where checkpoints lie, if not on the hub.
        teacher: Folder of a pretrained sequence classifier that a student follows.
        teacher_answers: Folder that keeps what it answered.
        unlabelled: Parquet files with a column `text`, for the teacher to label.
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

    def held_out_texts(self) -> frozenset[str]:
        """Comparable forms of all texts that any stage is measured on."""
        return held_out_texts((self.data_of(stage), stage) for stage in self.recipe.stages)

    def later_texts(self) -> list[str]:
        """Texts that the stages after the first learn from: the vocabulary of a new model is theirs as well."""
        held_out = self.held_out_texts()
        later = (training_rows(self.data_of(stage), stage, held_out) for stage in self.recipe.stages[1:])
        return [text for rows in later for text in rows["text"]]

    def folder_of(self, stage: Stage) -> Path:
        """The working folder of a stage."""
        return self.work / stage.name


def train_stages(plan: TrainingPlan, machine: Machine) -> Path:
    """Train all stages that are not done, and return the folder of the last one's model."""
    before: Stage | None = None
    for stage in plan.recipe.stages:
        if not (plan.folder_of(stage) / MODEL).is_dir():
            _train(plan, stage, before, machine)
        before = stage
    return plan.folder_of(plan.recipe.stages[-1]) / MODEL


def curves(plan: TrainingPlan) -> dict[str, Sequence[Mapping[str, float]]]:
    """The logged figures of each stage, in order."""
    return {
        stage.name: json.loads((plan.folder_of(stage) / CURVE).read_text(encoding="utf-8"))
        for stage in plan.recipe.stages
    }


def _train(plan: TrainingPlan, stage: Stage, before: Stage | None, machine: Machine) -> None:
    if plan.threads is not None:
        torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    data, folder = plan.data_of(stage), plan.folder_of(stage)
    teacher = None if plan.teacher is None or isinstance(plan.recipe.start, str) else Teacher(plan.teacher)
    follows = teacher is not None and stage.distillation.asks
    texts = gather_texts(data, stage, _negative(plan, data), plan.unlabelled, follows, plan.held_out_texts())
    initial = _initial_model(plan, stage, before, data, texts, teacher)
    longest = stage.tokens or plan.recipe.tokens
    train = encode_with_targets(texts, initial.tokenizer, longest, stage, teacher, plan.teacher_answers)
    validation = _validation(plan, stage, data, initial)
    width = train.targets["summaries"].shape[1] if "summaries" in train.targets else None
    learner = learner_of(initial, plan.recipe, stage, width)

    def metrics(found: EvalPrediction) -> dict[str, float]:
        return epoch_metrics(
            data, plan.recipe.card.negative_label, np.asarray(found.predictions), np.asarray(found.label_ids)
        )

    objective = _objective(stage, data, texts)
    logged = train_stage(
        learner, stage, objective, train, validation, metrics, folder / "checkpoints", plan.seed, machine
    )
    if int(torch.distributed.get_rank() if torch.distributed.is_initialized() else 0) == 0:
        (folder / CURVE).write_text(json.dumps(logged), encoding="utf-8")
        (folder / LEARNED_FROM).write_text(json.dumps(_counts(texts, data)), encoding="utf-8")
        if stage.augmentation.positions:
            repeat_positions(initial.classifier, stage.augmentation.positions)
        _save(initial, folder)
    if torch.distributed.is_initialized():
        torch.distributed.barrier()


def _validation(plan: TrainingPlan, stage: Stage, data: PreparedData, initial: InitialModel) -> EncodedDataset | None:
    if "validation" in stage.learns_from:
        if not data.exclusive:
            raise UsageError(f"the stage '{stage.name}' must not learn from the validation split: thresholds need it")
        return None
    held = data.rows("validation")
    tokens = encode_texts(initial.tokenizer, held["text"].tolist(), plan.recipe.tokens)
    return EncodedDataset(tokens, {TARGETS: data.targets(held)})


def _initial_model(
    plan: TrainingPlan,
    stage: Stage,
    before: Stage | None,
    data: PreparedData,
    texts: TrainingTexts,
    teacher: Teacher | None,
) -> InitialModel:
    if before is not None:
        return from_stage(plan.folder_of(before) / MODEL, data)
    if isinstance(plan.recipe.start, Student):
        follows = teacher if stage.distillation.embeddings else None
        return new_student(plan.recipe, plan.recipe.start, data, [*texts.texts, *plan.later_texts()], follows)
    return from_checkpoint(plan.recipe.start, data, plan.models_dir)


def _objective(stage: Stage, data: PreparedData, texts: TrainingTexts) -> Objective:
    balanced = stage.class_weights == "balanced"
    return Objective(
        exclusive=data.exclusive,
        weights=balanced_weights(texts.targets, data.exclusive) if balanced else None,
        label_smoothing=stage.label_smoothing,
        answers=stage.distillation.answers,
        temperature=stage.distillation.temperature,
        summary=stage.distillation.summary,
    )


def _counts(texts: TrainingTexts, data: PreparedData) -> dict[str, int | str]:
    return {"data": data.name, "prepared": texts.n_prepared, "made": len(texts.texts) - texts.n_prepared}


def _save(initial: InitialModel, folder: Path) -> None:
    """The model is there when it is whole; the checkpoints are of no more use."""
    with draft_of(folder / MODEL) as draft:
        save_classifier(initial.classifier, initial.tokenizer, draft)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def _negative(plan: TrainingPlan, data: PreparedData) -> int | None:
    label = plan.recipe.card.negative_label
    return data.labels.index(label) if label in data.labels else None
