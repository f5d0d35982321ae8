from pathlib import Path

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from mh_batch.datasets.generation import load_generation_recipe
from mh_batch.errors import RecipeError


def test_the_recipe_that_ships_is_that_of_the_published_data_set() -> None:
    recipe = load_generation_recipe()
    assert list(recipe.languages) == ["en", "de", "fr", "it", "pt", "es"]
    assert {name: state.label for name, state in recipe.states.items()} == {"healthy": 0, "unhealthy": 1}
    assert list(recipe.categories) == [
        *("Self-Worth", "Future Outlook", "Social Impact", "Emotional Resilience", "Self-Reflection/Growth"),
    ]
    assert recipe.bands == ((3, 8), (9, 15), (16, 35), (36, 60), (61, 90))
    assert recipe.shares == (0.2, 0.1, 0.4, 0.2, 0.1)
    assert [len(values) for _, values in recipe.characteristics] == [5, 5, 5, 7]
    assert (recipe.texts_per_language, recipe.prompts_per_cell, recipe.testimonials_per_prompt) == (6000, 10, 9)
    assert (recipe.temperature, recipe.max_tokens, recipe.longest_text_words) == (0.6, 8192, 340)


def test_testimonials_are_many_differ_and_are_in_their_language() -> None:
    recipe = load_generation_recipe()
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(recipe.languages))
    every = [text for by_state in recipe.testimonials.values() for texts in by_state.values() for text in texts]
    assert len(set(every)) == len(every) >= 12 * 2 * 6
    for language, by_state in recipe.testimonials.items():
        assert {len(texts) >= 12 for texts in by_state.values()} == {True}
        assert {identifier.classify(text)[0] for texts in by_state.values() for text in texts} == {language}


def test_a_file_replaces_the_keys_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text("model: claude-haiku-4-5\ntemperature: null\nlanguages: {de: German}\n")
    recipe = load_generation_recipe(file)
    assert (recipe.model, recipe.temperature, list(recipe.languages)) == ("claude-haiku-4-5", None, ["de"])
    assert recipe.categories == load_generation_recipe().categories


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("modle: x", "modle: Extra inputs"),
        ("shares: [0.5, 0.4]", "each band needs a share"),
        ("shares: [0.2, 0.2, 0.2, 0.2, 0.1]", "sum to 1"),
        ("bands: [[3, 8], [8, 4], [16, 35], [36, 60], [61, 90]]", "from few words to many"),
        ("languages: {pl: Polish}", "'pl' needs at least 9 testimonials for 'healthy'"),
        ("prompt: Write $words texts", "a prompt may use"),
        ("prompt: costs $ 5", "a prompt may use"),
        ("requests_per_batch: 100001", "requests_per_batch"),
        ("- a", "must hold keys and values"),
        ("a: [", "not valid YAML"),
        (None, "cannot be read"),
    ],
)
def test_a_recipe_that_does_not_hold_together_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "recipe.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(RecipeError, match=message):
        load_generation_recipe(file)
