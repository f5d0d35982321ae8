"""The running mean of the weights: steadier than the last ones."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

EVERY = 10
_FILE = "averaged.safetensors"


class Averaging(TrainerCallback):
    """Keeps an exponential mean of the weights, updated every ten steps, and leaves it in the model at the end."""

    def __init__(self, model: nn.Module, kept: float) -> None:
        """Average `model`; `kept` is the share of the mean that stays at each update."""
        decay = get_ema_multi_avg_fn(kept)  # type: ignore[no-untyped-call]  # torch ships it without types
        self._model, self._mean = model, AveragedModel(model, multi_avg_fn=decay)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Go on with the mean of the checkpoint that training goes on from."""
        path = _checkpoint(args, state) / _FILE
        if state.global_step and path.is_file():
            self._mean.load_state_dict(load_file(path))

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Update the mean."""
        if state.global_step % EVERY == 0 or state.global_step == state.max_steps:
            self._mean.update_parameters(self._model)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object) -> None:
        """Keep the mean beside the checkpoint."""
        if state.is_world_process_zero:
            save_file(self._mean.state_dict(), _checkpoint(args, state) / _FILE)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Put the mean in the place of the last weights."""
        self._model.load_state_dict(self._mean.module.state_dict())


def _checkpoint(args: TrainingArguments, state: TrainerState) -> Path:
    return Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
