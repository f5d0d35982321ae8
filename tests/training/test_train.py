"""A whole training on small data: what it leaves, and that it goes on where it was interrupted."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession
from tokenizers import Tokenizer
from transformers import TrainerCallback

from mh_batch.errors import UsageError
from mh_batch.inference import load_scorer
from mh_batch.models import locate_model
from mh_batch.training.data.encoded_dataset import LengthBucketedSampler
from mh_batch.training.train import train
from mh_batch.training.trainer import Machine
from mh_batch.training.training_recipe import Stage
from tests.training.small_trainings import FAST, STATES, independent, one_label, plan, recipe, run, weights


def test_a_model_folder_holds_all_that_its_users_need(tmp_path: Path) -> None:
    data = one_label(tmp_path / "data")
    made = plan(recipe(Stage(name="states", epochs=4, best_by="f1", **FAST)), {"states": data}, tmp_path / "work")

    said = run(made, tmp_path / "tiny")

    model = locate_model(str(tmp_path / "tiny"))
    assert (model.card.title, model.card.languages, model.card.labels) == ("A tiny model", ("en",), STATES)
    assert {rate.label for rate in model.card.error_rates} == set(STATES)
    assert all(rate.sensitivity > 0.8 for rate in model.card.error_rates)
    assert "accuracy" in said
    (score,) = load_scorer(model).score(["I cannot stop worrying about what may happen."])
    assert score.probabilities is not None
    curve = json.loads((tmp_path / "tiny" / "curve.json").read_text())["states"]
    assert [entry["epoch"] for entry in curve if "eval_f1" in entry] == [1, 2, 3, 4]
    assert (tmp_path / "tiny" / "curve.svg").read_text().startswith("<svg")
    assert (tmp_path / "tiny" / "evaluation" / "index.html").is_file()
    assert not (tmp_path / "work").exists()


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


def test_the_second_stage_keeps_the_encoder_and_exchanges_the_head(tmp_path: Path) -> None:
    data = {"emotions": one_label(tmp_path / "emotions"), "states": independent(tmp_path / "states")}
    stages = (
        Stage(name="emotions", epochs=1, **FAST),
        Stage(name="states", epochs=1, **{**FAST, "learning_rate": 1e-9}),
    )
    made = plan(recipe(*stages, architecture="longformer"), data, tmp_path / "work")
    monitor = {}

    original = Path.rename

    def keep(self: Path, target: Path) -> Path:
        if target == tmp_path / "work" / "emotions" / "model":
            monitor.update(weights(self))
        return original(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "rename", keep)
        run(made, tmp_path / "tiny")

    after = weights(tmp_path / "tiny")
    assert after["classifier.out_proj.weight"].shape == (2, 32)
    assert np.abs(after["classifier.dense.weight"] - monitor["classifier.dense.weight"]).max() > 0.01
    name = "longformer.encoder.layer.0.attention.self.query.weight"
    assert np.abs(after[name] - monitor[name]).max() < 1e-6
    assert set(locate_model(str(tmp_path / "tiny")).card.thresholds) == {"low", "afraid"}


def test_the_vocabulary_of_a_new_model_knows_the_words_of_all_stages(tmp_path: Path) -> None:
    data = {"emotions": one_label(tmp_path / "emotions"), "states": independent(tmp_path / "states")}
    rows = pd.read_parquet(data["states"] / "train.parquet")
    rows.assign(text=rows["text"] + " quixotically").to_parquet(data["states"] / "train.parquet")
    short = {**FAST, "epochs": 0.1}
    made = recipe(Stage(name="emotions", **short), Stage(name="states", **short), architecture="longformer")
    run(plan(made, data, tmp_path / "work"), tmp_path / "tiny")
    tokenizer = Tokenizer.from_file(str(tmp_path / "tiny" / "tokenizer.json"))
    assert len(tokenizer.encode(" quixotically", add_special_tokens=False)) == 1


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


def test_a_checkpoint_gets_a_head_for_the_labels_and_counts_them_alike(tmp_path: Path, teacher: Path) -> None:
    data = {"states": independent(tmp_path / "data")}
    stage = Stage(name="states", epochs=1, class_weights="balanced", **FAST)
    made = recipe(stage).model_copy(update={"start": str(teacher)})
    run(plan(made, data, tmp_path / "work"), tmp_path / "tiny")
    after = weights(tmp_path / "tiny")
    assert after["classifier.out_proj.weight"].shape[0] == 2
    assert np.isfinite(after["classifier.out_proj.weight"]).all()


@pytest.mark.spark
def test_two_processes_share_a_training(tmp_path: Path, spark: SparkSession) -> None:
    data = one_label(tmp_path / "data")
    made = plan(recipe(Stage(name="states", epochs=4, **FAST)), {"states": data}, tmp_path / "work")
    train(made, tmp_path / "tiny", Machine(processes=2), lambda: nullcontext(spark))
    rates = locate_model(str(tmp_path / "tiny")).card.error_rates
    assert all(rate.sensitivity > 0.8 for rate in rates)


def test_a_stage_without_data_is_named(tmp_path: Path) -> None:
    made = plan(recipe(Stage(name="states")), {}, tmp_path / "work")
    with pytest.raises(UsageError, match="--data states=FOLDER"):
        run(made, tmp_path / "tiny")


def test_a_folder_that_holds_no_prepared_data_is_refused(tmp_path: Path) -> None:
    made = plan(recipe(Stage(name="states")), {"states": tmp_path}, tmp_path / "work")
    with pytest.raises(UsageError, match="mh-batch prepare"):
        run(made, tmp_path / "tiny")
