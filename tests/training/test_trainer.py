from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import TrainerCallback

from mh_batch.training.data.encoded_dataset import LengthBucketedSampler
from mh_batch.training.training_recipe import Stage
from tests.training.small_trainings import FAST, independent, one_label, plan, recipe, run, weights


class Killed(Exception):
    """Stands for a signal that nobody can catch: nothing in the training handles it."""


class KillAfter(TrainerCallback):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.epoch > self.epoch:
            raise Killed


def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = independent(tmp_path / "data")
    made = recipe(Stage(name="states", epochs=3, average=0.9, augmentation={"mask": 0.1, "positions": 64}, **FAST))
    calm = plan(made, {"states": data}, tmp_path / "calm-work")
    run(calm, tmp_path / "calm")

    hit = replace(calm, work=tmp_path / "work")
    with monkeypatch.context() as patch:
        patch.setattr("mh_batch.training.trainer.ProgressCallback", lambda name: KillAfter(2))
        with pytest.raises(Killed):
            run(hit, tmp_path / "hit")
    assert not (tmp_path / "hit").exists()
    run(hit, tmp_path / "hit")

    calm_weights, hit_weights = weights(tmp_path / "calm"), weights(tmp_path / "hit")
    assert calm_weights.keys() == hit_weights.keys()
    for name, values in calm_weights.items():
        assert np.abs(values - hit_weights[name]).max() < 1e-6, name


@pytest.mark.parametrize(("order", "ours"), [("random", True), ("long_to_short", False)])
def test_batches_come_in_the_order_of_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Any, ours: bool
) -> None:
    made: list[LengthBucketedSampler] = []

    class Watched(LengthBucketedSampler):
        def __iter__(self) -> Iterator[int]:
            made.append(self)
            return super().__iter__()

    monkeypatch.setattr("mh_batch.training.trainer.LengthBucketedSampler", Watched)
    stages = recipe(Stage(name="states", epochs=0.1, order=order, **FAST))
    run(plan(stages, {"states": one_label(tmp_path / "data")}, tmp_path / "work"), tmp_path / "tiny")
    assert bool(made) is ours
