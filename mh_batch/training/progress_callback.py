"""Progress of a training, on standard error."""

from __future__ import annotations

from collections.abc import Mapping

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from typing_extensions import override

from mh_batch.common.console import announce
from mh_batch.common.progress import Progress


class ProgressCallback(TrainerCallback):
    """Prints steps, rate and time left, and each epoch's figures."""

    def __init__(self, what: str) -> None:
        """Tell of the stage `what`."""
        self._what = what
        self._progress: Progress | None = None

    @override
    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Show progress, every now and then."""
        if not state.is_world_process_zero:
            return
        self._progress = self._progress or Progress(self._what, state.max_steps, "steps", before=state.global_step - 1)
        loss = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), None)
        self._progress.update(state.global_step, note="" if loss is None else f"loss {loss:.3f}")

    @override
    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: Mapping[str, float] | None = None,
        **kwargs: object,
    ) -> None:
        """Show what was measured."""
        if state.is_world_process_zero:
            measured = {name.removeprefix("eval_"): value for name, value in (metrics or {}).items()}
            shown = ", ".join(f"{name} {value:.4f}" for name, value in measured.items() if "_per_" not in name)
            announce(f"{self._what}: epoch {state.epoch:.1f}: {shown}")
