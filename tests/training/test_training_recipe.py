"""What recipes say."""

from pathlib import Path

import pytest

from mh_batch.errors import SettingsError, UsageError
from mh_batch.training.training_recipe import load_training_recipe, shipped_training_recipes


@pytest.mark.parametrize(
    "name", ["longformer-mental-health-mini", "longformer-two-stage", "xlmr-depression", "xlmr-depression-mini"]
)
def test_recipes_that_ship_can_be_followed(name: str) -> None:
    assert name in shipped_training_recipes()
    assert load_training_recipe(name).name == name


def test_the_recipes_of_the_seeds_have_their_parameters() -> None:
    (only,) = load_training_recipe("xlmr-depression").stages
    assert (only.learning_rate, only.warm_up, only.weight_decay, only.epochs, only.batch) == (2e-5, 0.1, 0.01, 10, 64)
    assert (only.best_by, only.patience, only.least_improvement) == ("precision", 5, 0.001)
    emotions, states = load_training_recipe("longformer-two-stage").stages
    assert (emotions.learning_rate, emotions.weight_decay, emotions.epochs) == (2e-5, 0.01, 3)
    assert (states.learning_rate, states.weight_decay, states.epochs) == (2e-5, 0.02, 2)


def test_what_a_recipe_cannot_say_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nstages: [{name: one, learning_rat: 1}]\n")
    with pytest.raises(SettingsError, match="learning_rat"):
        load_training_recipe(str(tmp_path / "mine.yaml"))
    with pytest.raises(UsageError, match="did you mean 'xlmr-depression'"):
        load_training_recipe("xlmr-depresion")
