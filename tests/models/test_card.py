import pytest
from pydantic import ValidationError

from mh_batch.models import ModelCard, known_languages, load_cards

# From the published models' own documents and the comparison table of the second one.
HUB_NAMES = {
    "longformer-mental-health": "Hrishikesh4/mental-health-classifier-longformer",
    "xlmr-depression": "malexandersalazar/xlm-roberta-base-cls-depression",
    "depression-roberta-shreyar": "ShreyaR/finetuned-roberta-depression",
    "depression-distilbert-shreyar": "ShreyaR/finetuned-distil-bert-depression",
    "depression-distilroberta-reddit": "mrjunos/depression-reddit-distilroberta-base",
    "suicide-depression-distilroberta": "mrm8488/distilroberta-base-finetuned-suicide-depression",
    "deproberta-large": "rafalposwiata/deproberta-large-depression",
}


def test_the_seeds_and_their_comparators_have_cards() -> None:
    cards = load_cards()
    assert {name: cards[name].hub.name for name in HUB_NAMES} == HUB_NAMES  # type: ignore[union-attr]  # all have one


def test_both_shipped_models_have_cards_with_measured_error_rates() -> None:
    for name in ("xlmr-depression-mini", "longformer-mental-health-mini"):
        card = load_cards()[name]
        assert {rate.label for rate in card.error_rates} >= set(card.labels) - {card.negative_label}
        assert "demonstration" in card.intended_use.lower()


@pytest.mark.parametrize(
    ("spelling", "label"),
    [("Depression", "depressed"), ("ANXIETY", "anxious"), ("stress", "stressed"), ("LABEL_0", "neutral")],
)
def test_known_spellings_of_labels_are_mapped(spelling: str, label: str) -> None:
    assert load_cards()["longformer-mental-health"].canonical(spelling) == label


def test_known_languages_are_those_of_the_second_seed() -> None:
    assert known_languages() == ("de", "en", "es", "fr", "it", "pt")


@pytest.mark.parametrize(
    "wrong",
    [
        {"thresholds": {"sad": 0.5}},
        {"negative_label": "healthy"},
        {"overlap": 510},
        {"task": "regression"},
        {"colour": "blue"},
        {"indicates": {"low": ["c"]}},
        {"name": "../m"},
    ],
)
def test_a_card_that_contradicts_itself_is_refused(wrong: dict[str, object]) -> None:
    sound = {"name": "m", "title": "m", "task": "multi_label", "labels": ["a", "b"], "max_tokens": 512}
    ModelCard.model_validate(sound)
    with pytest.raises(ValidationError):
        ModelCard.model_validate({**sound, **wrong})
