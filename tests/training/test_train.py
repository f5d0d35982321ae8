"""A whole training on small made-up data: what it leaves, and that it goes on where it was interrupted."""

import json
import random
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession
from safetensors.numpy import load_file
from transformers import TrainerCallback

from mh_batch.datasets.comparable import comparable
from mh_batch.datasets.grammar import load_grammar
from mh_batch.errors import SettingsError, UsageError
from mh_batch.inference import load_scorer
from mh_batch.models import locate_model
from mh_batch.training.prepared import open_prepared
from mh_batch.training.recipe import CardFacts, Distillation, Recipe, Stage, Student, load_recipe, shipped_recipes
from mh_batch.training.stage import Machine
from mh_batch.training.stages import Plan
from mh_batch.training.teaching import held_texts, texts_of
from mh_batch.training.train import train

SHAPE = {"pieces": 400, "width": 32, "layers": 2, "heads": 2, "inner": 32, "window": 16}
STATES = ("neutral", "depressed", "anxious")
FAST = {"batch": 32, "learning_rate": 3e-3, "warm_up": 0.1, "tokens": 64}
ROWS = {"train": 480, "validation": 120, "test": 120}


def one_label(folder: Path) -> Path:
    """Sentences of three states; each has one."""
    return prepared(folder, list(STATES), lambda state: {"label": state, **{f"label_{s}": s == state for s in STATES}})


def independent(folder: Path) -> Path:
    """Two labels, of which a sentence has one, none, or is unknown to have it."""

    def labels(state: str) -> dict[str, Any]:
        return {
            "label": None,
            "label_low": state == "depressed",
            "label_afraid": None if state == "neutral" else state == "anxious",
        }

    return prepared(folder, ["low", "afraid"], labels, task="multi_label")


def prepared(folder: Path, labels: list[str], of: Any, task: str = "single_label") -> Path:
    folder.mkdir()
    draw, grammar = random.Random(3), load_grammar("en")
    for split, count in ROWS.items():
        states = [STATES[number % len(STATES)] for number in range(count)]
        rows = [
            {
                "doc_id": f"{split}-{number}",
                "text": grammar.text(state, 12, draw),
                "language": "en",
                "source": "made up",
                **of(state),
            }
            for number, state in enumerate(states)
        ]
        frame = pd.DataFrame(rows).astype({f"label_{label}": "Int64" for label in labels})
        frame.to_parquet(folder / f"{split}.parquet")
    (folder / "card.json").write_text(json.dumps({"recipe": {"name": folder.name, "task": task, "labels": labels}}))
    return folder


def recipe(*stages: Stage, architecture: Any = "xlm-roberta") -> Recipe:
    return Recipe(
        name="tiny",
        description="",
        start=Student(architecture=architecture, **SHAPE),
        tokens=128,
        stages=stages,
        card=CardFacts(title="A tiny model", overlap=16, limits="None that a test would know."),
    )


def plan(made: Recipe, data: dict[str, Path], work: Path) -> Plan:
    return Plan(made, data, None, None, work / "teacher", (), seed=1, threads=1, work=work)


def run(made: Plan, output: Path) -> str:
    return train(made, output, Machine(), no_session)


def no_session() -> AbstractContextManager[SparkSession]:
    raise AssertionError("one process needs no Spark")


def weights(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "model.safetensors")


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
        patch.setattr("mh_batch.training.stage.Telling", lambda name: KillAfter(2))
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


def test_a_student_that_follows_a_teacher_learns_its_answers(tmp_path: Path, teacher: Path) -> None:
    data = one_label(tmp_path / "data")
    following = Distillation(answers=1.0, summary=1.0, tokens=64)
    stage = Stage(name="states", epochs=1, augmentation={"fragments": 40}, distillation=following, **FAST)
    made = replace(plan(recipe(stage), {"states": data}, tmp_path / "work"), teacher=teacher)
    run(replace(made, teacher_answers=tmp_path / "answers"), tmp_path / "tiny")

    (answers,) = (tmp_path / "answers").iterdir()
    with np.load(answers) as said:
        assert said["logits"].shape[1] == len(STATES)
        own = set(pd.read_parquet(data / "train.parquet")["text"])
        assert len(own) / 2 < len(said["logits"]) == len(said["summary"]) <= len(own) + 40
    assert (tmp_path / "tiny" / "evaluation" / "index.html").is_file()


def test_a_teacher_of_other_labels_cannot_answer(tmp_path: Path, teacher: Path) -> None:
    stage = Stage(name="states", epochs=1, distillation=Distillation(answers=1.0, tokens=64), **FAST)
    made = plan(recipe(stage), {"states": independent(tmp_path / "data")}, tmp_path / "work")
    with pytest.raises(SettingsError, match="a teacher of 3 labels cannot answer for 2"):
        run(replace(made, teacher=teacher), tmp_path / "tiny")


def test_a_panel_fills_in_what_is_unknown(tmp_path: Path, teacher: Path) -> None:
    data = {"states": independent(tmp_path / "data")}
    stage = Stage(
        name="states",
        epochs=1,
        augmentation={"journals": 10, "journal_words": 32},
        distillation=Distillation(panel=0.5, summary=0.2, summary_of="all_tokens", tokens=64),
        **FAST,
    )
    run(
        replace(plan(recipe(stage, architecture="longformer"), data, tmp_path / "work"), teacher=teacher),
        tmp_path / "t",
    )
    assert weights(tmp_path / "t")["classifier.out_proj.weight"].shape == (2, 32)


def test_no_text_that_a_later_stage_is_measured_on_is_learned_from(tmp_path: Path) -> None:
    emotions, states = open_prepared(one_label(tmp_path / "emotions")), open_prepared(independent(tmp_path / "states"))
    stage = Stage(name="emotions", epochs=1, **FAST)
    held = held_texts([(emotions, stage), (states, stage)])
    learned = texts_of(emotions, stage, None, (), judged=False, held=held)
    measured = {comparable(text) for text in states.rows("test")["text"]}
    assert measured & {comparable(text) for text in emotions.rows("train")["text"]}
    assert not measured & {comparable(text) for text in learned.texts}
    assert len(learned.targets) == len(learned.texts) == learned.own


def test_a_stage_may_learn_from_the_validation_split_and_is_then_measured_on_the_test_split_alone(
    tmp_path: Path,
) -> None:
    stage = Stage(name="states", epochs=1, learns_from=("train", "validation"), **FAST)
    run(plan(recipe(stage), {"states": one_label(tmp_path / "data")}, tmp_path / "work"), tmp_path / "tiny")
    logged = json.loads((tmp_path / "tiny" / "curve.json").read_text())["states"]
    assert not any("eval_loss" in entry for entry in logged)
    texts = {split: pd.read_parquet(tmp_path / "data" / f"{split}.parquet")["text"].map(comparable) for split in ROWS}
    learned = sum(int((~texts[split].isin(texts["test"])).sum()) for split in ("train", "validation"))
    assert locate_model(str(tmp_path / "tiny")).card.trained_on.startswith(f"{learned:,} texts of the data set data")


def test_thresholds_are_not_chosen_on_what_was_learned(tmp_path: Path) -> None:
    stage = Stage(name="states", epochs=1, learns_from=("train", "validation"), **FAST)
    made = plan(recipe(stage), {"states": independent(tmp_path / "data")}, tmp_path / "work")
    with pytest.raises(UsageError, match="thresholds"):
        run(made, tmp_path / "tiny")
    with pytest.raises(ValidationError, match="best epoch"):
        Stage(name="states", learns_from=("train", "validation"), best_by="f1")


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


@pytest.mark.parametrize(
    "name", ["longformer-mental-health-mini", "longformer-two-stage", "xlmr-depression", "xlmr-depression-mini"]
)
def test_recipes_that_ship_can_be_followed(name: str) -> None:
    assert name in shipped_recipes()
    assert load_recipe(name).name == name


def test_the_recipes_of_the_seeds_have_their_parameters() -> None:
    (only,) = load_recipe("xlmr-depression").stages
    assert (only.learning_rate, only.warm_up, only.weight_decay, only.epochs, only.batch) == (2e-5, 0.1, 0.01, 10, 64)
    assert (only.best_by, only.patience, only.least_improvement) == ("precision", 5, 0.001)
    emotions, states = load_recipe("longformer-two-stage").stages
    assert (emotions.learning_rate, emotions.weight_decay, emotions.epochs) == (2e-5, 0.01, 3)
    assert (states.learning_rate, states.weight_decay, states.epochs) == (2e-5, 0.02, 2)


def test_what_a_recipe_cannot_say_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nstages: [{name: one, learning_rat: 1}]\n")
    with pytest.raises(SettingsError, match="learning_rat"):
        load_recipe(str(tmp_path / "mine.yaml"))
    with pytest.raises(UsageError, match="did you mean 'xlmr-depression'"):
        load_recipe("xlmr-depresion")
