"""One stage of a training, on Hugging Face's `Trainer`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_utils import get_last_checkpoint

from mh_batch.training.averaging import Averaging
from mh_batch.training.batching import LikeLengths
from mh_batch.training.encoded_dataset import TARGETS, EncodedDataset, collate
from mh_batch.training.learner import Learner
from mh_batch.training.objective import Objective
from mh_batch.training.progress_callback import ProgressCallback
from mh_batch.training.recipe import Stage

Figures = Callable[[EvalPrediction], dict[str, float]]

# Evaluations need no gradients, so twice the texts fit.
_EVALUATION_BATCH = 2
_POINTS_OF_CURVE = 100


@dataclass(frozen=True)
class Machine:
    """Where a stage is trained.

    Attributes:
        device: "cpu" or "cuda".
        half: "bf16", "fp16", or "fp32" where the machine computes nothing faster.
        processes: That share the work; each takes its part of every batch.
    """

    device: str = "cpu"
    half: str = "fp32"
    processes: int = 1


class _Trainer(Trainer):
    def __init__(
        self,
        objective: Objective,
        stage: Stage,
        lengths: Sequence[int],
        **kwargs: Any,  # noqa: ANN401 - the library's own
    ) -> None:
        super().__init__(**kwargs)
        self._objective, self._stage, self._lengths = objective, stage, lengths
        self.remove_callback(PrinterCallback)

    def get_decay_parameter_names(self, model: torch.nn.Module) -> list[str]:
        names: list[str] = super().get_decay_parameter_names(model)
        return [name for name in names if self._stage.decay_embeddings or "embedding" not in name]

    def _get_train_sampler(self, train_dataset: Dataset[Any] | None = None) -> Sampler[int] | None:
        if self._stage.order == "long_to_short":
            return super()._get_train_sampler(train_dataset)
        return LikeLengths(self._lengths, self._stage.batch, self.args.seed, lambda: round(self.state.epoch or 0))

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:  # noqa: ANN401 - the library's own signature
        read = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        logits, summary = model(**read)
        loss = self._objective(logits, summary, inputs)
        return (loss, {"loss": loss, "logits": logits}) if return_outputs else loss


def train_stage(
    learner: Learner,
    stage: Stage,
    objective: Objective,
    train: EncodedDataset,
    validation: EncodedDataset | None,
    figures: Figures,
    folder: Path,
    seed: int,
    machine: Machine,
) -> list[Mapping[str, float]]:
    """Train a learner in place, from the last checkpoint in `folder` if there is one.

    Args:
        learner: What learns.
        stage: How.
        objective: What is made small.
        train: Rows to learn from.
        validation: Rows that each epoch is measured on, if any.
        figures: Measures logits and targets.
        folder: For the checkpoints.
        seed: Of the order of the rows, and of dropout and noise.
        machine: Where.

    Returns:
        The training's curve: what `Trainer` logged, by `step` and `epoch`.
    """
    callbacks: list[TrainerCallback] = [ProgressCallback(stage.name)]
    if stage.average:
        callbacks.append(Averaging(learner, stage.average))
    if stage.patience:
        callbacks.append(EarlyStoppingCallback(stage.patience, stage.least_improvement))
    trainer = _Trainer(
        objective,
        stage,
        [len(row) for row in train.tokens],
        model=learner,
        args=_arguments(stage, len(train), validation is not None, folder, seed, machine),
        train_dataset=train,
        eval_dataset=validation,
        data_collator=collate,
        compute_metrics=figures,
        callbacks=callbacks,
    )
    last = get_last_checkpoint(folder) if folder.is_dir() else None  # type: ignore[no-untyped-call]  # it has no types
    trainer.train(resume_from_checkpoint=last)
    return list(trainer.state.log_history)


def _arguments(stage: Stage, rows: int, measures: bool, folder: Path, seed: int, machine: Machine) -> TrainingArguments:
    per_process = -(-stage.batch // machine.processes)
    steps = -(-rows // stage.batch) * stage.epochs
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=per_process,
        per_device_eval_batch_size=per_process * _EVALUATION_BATCH,
        num_train_epochs=stage.epochs,
        learning_rate=stage.learning_rate,
        weight_decay=stage.weight_decay,
        adam_beta2=stage.adam_beta2,
        warmup_steps=stage.warm_up,
        lr_scheduler_type=stage.schedule,
        bf16=machine.half == "bf16",
        fp16=machine.half == "fp16",
        train_sampling_strategy="group_by_length" if stage.order == "long_to_short" else "random",
        use_cpu=machine.device == "cpu",
        ddp_backend="gloo" if machine.device == "cpu" and machine.processes > 1 else None,
        eval_strategy="epoch" if measures else "no",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=stage.best_by is not None,
        metric_for_best_model=stage.best_by,
        greater_is_better=None if stage.best_by is None else stage.best_by != "loss",
        logging_steps=max(1, int(steps) // _POINTS_OF_CURVE),
        label_names=[TARGETS],
        remove_unused_columns=False,
        dataloader_pin_memory=machine.device != "cpu",
        disable_tqdm=True,
        report_to=[],
        seed=seed,
    )
