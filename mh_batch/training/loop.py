"""The training loop that both recipes share."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mh_batch.training.progress import Progress


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train: AdamW, linear warm-up and cosine decay.

    `average` is how much of the running average of the weights stays every ten steps; 0 keeps the last weights.
    """

    epochs: int = 10
    batch_rows: int = 64
    learning_rate: float = 1e-3
    warm_up: float = 0.1
    weight_decay: float = 0.05
    average: float = 0.0


AVERAGE_EVERY = 10


def seed_everything(seed: int, threads: int) -> None:
    """Fix the random state and the number of threads, on both of which the weights depend."""
    random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)


def batches(lengths: Sequence[int], rows: int, draw: random.Random) -> list[list[int]]:
    """All row numbers once, in random batches of texts of about the same length."""
    order = sorted(range(len(lengths)), key=lambda row: lengths[row] * draw.uniform(0.85, 1.15))
    cut = [order[start : start + rows] for start in range(0, len(order), rows)]
    draw.shuffle(cut)
    return cut


def fit(
    model: nn.Module,
    loss_of: Callable[[list[int]], Tensor],
    lengths: Sequence[int],
    schedule: Schedule,
    seed: int,
) -> None:
    """Minimise `loss_of(row numbers)` over the model's parameters and leave their running average in it."""
    draw = random.Random(seed)
    steps = schedule.epochs * math.ceil(len(lengths) / schedule.batch_rows)
    optimiser = torch.optim.AdamW(_groups(model, schedule), lr=schedule.learning_rate, betas=(0.9, 0.98), fused=True)
    rate = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps, schedule.warm_up))
    average = get_ema_multi_avg_fn(schedule.average)  # type: ignore[no-untyped-call]  # torch ships it without types
    averaged = AveragedModel(model, multi_avg_fn=average)
    progress = Progress("training steps", steps)
    model.train()
    for step, rows in enumerate(_epochs(lengths, schedule, draw), start=1):
        loss = loss_of(rows)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships it without types
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        rate.step()
        if step % AVERAGE_EVERY == 0 or step == steps:
            averaged.update_parameters(model)
        progress.show(step, f"loss {loss.item():.3f}")
    model.load_state_dict(averaged.module.state_dict())
    model.eval()


def _epochs(lengths: Sequence[int], schedule: Schedule, draw: random.Random) -> Iterator[list[int]]:
    for _ in range(schedule.epochs):
        yield from batches(lengths, schedule.batch_rows, draw)


def _groups(model: nn.Module, schedule: Schedule) -> list[dict[str, object]]:
    """Only matrices decay; embeddings of pieces that a batch lacks would otherwise shrink."""
    named = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    matrices = [value for name, value in named if value.ndim > 1 and "embedding" not in name]
    others = [value for name, value in named if value.ndim == 1 or "embedding" in name]
    return [
        {"params": matrices, "weight_decay": schedule.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _rate(step: int, steps: int, warm_up: float) -> float:
    ramp = max(1, round(steps * warm_up))
    if step < ramp:
        return (step + 1) / ramp
    return 0.5 * (1 + math.cos(math.pi * (step - ramp) / max(1, steps - ramp)))
