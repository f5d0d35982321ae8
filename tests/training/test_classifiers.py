from pathlib import Path

import numpy as np
import pytest

from mh_batch.models import locate_model
from mh_batch.training.training_recipe import Stage
from tests.training.small_trainings import FAST, independent, one_label, plan, recipe, run, weights


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


def test_a_checkpoint_gets_a_head_for_the_labels_and_counts_them_alike(tmp_path: Path, teacher: Path) -> None:
    data = {"states": independent(tmp_path / "data")}
    stage = Stage(name="states", epochs=1, class_weights="balanced", **FAST)
    made = recipe(stage).model_copy(update={"start": str(teacher)})
    run(plan(made, data, tmp_path / "work"), tmp_path / "tiny")
    after = weights(tmp_path / "tiny")
    assert after["classifier.out_proj.weight"].shape[0] == 2
    assert np.isfinite(after["classifier.out_proj.weight"]).all()
