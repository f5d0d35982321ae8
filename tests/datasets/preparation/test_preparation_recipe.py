from pathlib import Path
from typing import Any

import pytest
import yaml

from mh_batch.datasets.preparation import load_preparation_recipe, shipped_preparation_recipes
from mh_batch.errors import SettingsError, UsageError
from mh_batch.models import load_cards

SOUND: dict[str, Any] = {
    "name": "mine",
    "description": "A recipe of the tests.",
    "task": "single_label",
    "labels": ["no", "yes"],
    "languages": ["en"],
    "sources": [{"name": "posts", "path": "posts.csv", "labels": [{"when": {"mood": "low"}, "then": "yes"}]}],
}


def written(folder: Path, content: object) -> str:
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump(content))
    return str(file)


def with_source(**changes: Any) -> dict[str, Any]:
    return {**SOUND, "sources": [{**SOUND["sources"][0], **changes}]}


@pytest.mark.parametrize("name", sorted(shipped_preparation_recipes()))
def test_shipped_recipes_are_sound_and_named_as_their_file(name: str) -> None:
    assert load_preparation_recipe(name).name == name


@pytest.mark.parametrize("name", ["xlmr-depression", "xlmr-depression-mini", "longformer-mental-health-mini"])
def test_a_recipe_has_the_labels_and_languages_of_the_model_of_its_name(name: str) -> None:
    recipe, card = load_preparation_recipe(name), load_cards()[name]
    assert (recipe.labels, recipe.task) == (card.labels, card.task)
    assert set(recipe.languages) <= set(card.languages)


def test_the_mini_recipe_keeps_off_what_stands_in_the_seeds_test_split() -> None:
    assert "sentiments" not in str([source.path for source in load_preparation_recipe("xlmr-depression-mini").sources])


def test_a_recipe_of_ones_own_is_read_from_a_file(tmp_path: Path) -> None:
    assert load_preparation_recipe(written(tmp_path, SOUND)).sources[0].labels[0].then == "yes"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_source(colums={"text": "body"}), "sources.0.colums"),
        (with_source(labels=[{"then": "yse"}]), "names the label 'yse': did you mean 'yes'?"),
        (with_source(labels=[{"then": {"yes": 1}}]), "a single_label rule says one label"),
        ({**SOUND, "task": "multi_label"}, "a multi_label rule says a mapping"),
        (with_source(path=None), "needs either a path or a hub name"),
        (with_source(path=None, hub={"name": "a/b"}), "sources.0.hub.revision"),
        ({**SOUND, "sources": SOUND["sources"] * 2}, "two sources have the same name"),
        ({**SOUND, "stratify": ["colour"]}, "stratify.0"),
    ],
)
def test_what_is_wrong_in_a_recipe_is_named(tmp_path: Path, content: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_preparation_recipe(written(tmp_path, content))
    assert message in str(error.value)
    assert "mine.yaml" in str(error.value)


def test_an_unknown_recipe_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'xlmr-depression'"):
        load_preparation_recipe("xlmr-depresion")
