"""Which splits a stage may learn from."""

import json
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from mh_batch.datasets.text_features import comparable
from mh_batch.errors import UsageError
from mh_batch.models import locate_model
from mh_batch.training.training_recipe import Stage
from tests.training.small_trainings import FAST, ROWS, independent, one_label, plan, recipe, run


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


def test_a_stage_without_data_is_named(tmp_path: Path) -> None:
    made = plan(recipe(Stage(name="states")), {}, tmp_path / "work")
    with pytest.raises(UsageError, match="--data states=FOLDER"):
        run(made, tmp_path / "tiny")
