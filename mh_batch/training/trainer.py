"""One stage of a training, on Hugging Face's `Trainer`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import Dataset, Sampler
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_utils import get_last_checkpoint
from typing_extensions import override

from mh_batch.training.data.encoded_dataset import TARGETS, EncodedDataset, LengthBucketedSampler, collate
from mh_batch.training.learner import Learner
from mh_batch.training.objective import Objective
from mh_batch.training.progress_callback import ProgressCallback
from mh_batch.training.training_recipe import Stage

_EVERY = 10
_AVERAGE_FILE = "averaged.safetensors"

Metrics = Callable[[EvalPrediction], dict[str, float]]
# Evaluations need no gradients, so twice the texts fit.
_EVALUATION_BATCH = 2
_POINTS_OF_CURVE = 100


class WeightAveraging(TrainerCallback):
    """An exponential mean of the weights, updated every ten steps, which becomes the model's weights at the end."""

    def __init__(self, model: nn.Module, kept: float) -> None:
        """Average `model`; `kept` is the share of the mean that stays at each update."""
        decay = get_ema_multi_avg_fn(kept)  # type: ignore[no-untyped-call]  # torch ships it without types
        self._model, self._mean = model, AveragedModel(model, multi_avg_fn=decay)

    @override
    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Go on with the mean of the checkpoint that training goes on from."""
        path = _checkpoint(args, state) / _AVERAGE_FILE
        if state.global_step and path.is_file():
            self._mean.load_state_dict(load_file(path))

    @override
    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Update the mean."""
        if state.global_step % _EVERY == 0 or state.global_step == state.max_steps:
            self._mean.update_parameters(self._model)

    @override
    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object) -> None:
        """Keep the mean with the checkpoint."""
        if state.is_world_process_zero:
            save_file(self._mean.state_dict(), _checkpoint(args, state) / _AVERAGE_FILE)

    @override
    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Put the mean in the place of the last weights."""
        self._model.load_state_dict(self._mean.module.state_dict())


def _checkpoint(args: TrainingArguments, state: TrainerState) -> Path:
    return Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"


@dataclass(frozen=True)
class Machine:
    """The machine that a stage is trained on.

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
        return LengthBucketedSampler(
            self._lengths, self._stage.batch, self.args.seed, lambda: round(self.state.epoch or 0)
        )

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
    metrics: Metrics,
    folder: Path,
    seed: int,
    machine: Machine,
) -> list[Mapping[str, float]]:
    """Train a learner in place, from the last checkpoint in `folder` if there is one.

    Args:
        learner: The model.
        stage: How it is trained.
        objective: The loss.
        train: Rows to learn from.
        validation: Rows that each epoch is measured on, if any.
        metrics: Measures logits and targets.
        folder: Where checkpoints go.
        seed: Of the order of the rows, and of dropout and noise.
        machine: Where it is trained.

    Returns:
        The training's curve: what `Trainer` logged, by `step` and `epoch`.
    """
    callbacks: list[TrainerCallback] = [ProgressCallback(stage.name)]
    if stage.average:
        callbacks.append(WeightAveraging(learner, stage.average))
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
        compute_metrics=metrics,
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
