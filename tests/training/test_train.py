"""A whole training on small data: what it leaves."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from mh_batch.inference import load_scorer
from mh_batch.models import locate_model
from mh_batch.training.train import train
from mh_batch.training.trainer import Machine
from mh_batch.training.training_recipe import Stage
from tests.training.small_trainings import FAST, STATES, one_label, plan, recipe, run


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


@pytest.mark.spark
def test_two_processes_share_a_training(tmp_path: Path, spark: SparkSession) -> None:
    data = one_label(tmp_path / "data")
    made = plan(recipe(Stage(name="states", epochs=4, **FAST)), {"states": data}, tmp_path / "work")
    train(made, tmp_path / "tiny", Machine(processes=2), lambda: nullcontext(spark))
    rates = locate_model(str(tmp_path / "tiny")).card.error_rates
    assert all(rate.sensitivity > 0.8 for rate in rates)
