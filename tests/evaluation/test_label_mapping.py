import numpy as np
import pytest

from mh_batch.errors import SettingsError
from mh_batch.evaluation.label_mapping import LabelMapping, label_mappings
from mh_batch.models import load_cards


def test_a_card_says_which_labels_stand_for_another() -> None:
    cards = load_cards()
    assert label_mappings(cards["deproberta-large"], ["depressed"]) == [
        LabelMapping("depressed", ("severe", "moderate"))
    ]
    # As the published comparison counted: class 1, although the model has a label of that name.
    assert label_mappings(cards["suicide-depression-distilroberta"], ["depressed"]) == [
        LabelMapping("depressed", ("suicidal",))
    ]
    assert label_mappings(cards["xlmr-depression"], ["anxious", "depressed"]) == [
        LabelMapping("depressed", ("depressed",))
    ]


def test_a_model_that_says_nothing_of_the_data_is_refused_with_what_to_write_on_its_card() -> None:
    with pytest.raises(SettingsError, match=r"indicates: \{anxious: \[depressed\]\}"):
        label_mappings(load_cards()["xlmr-depression"], ["anxious"])


def test_exclusive_labels_are_added_up_and_the_most_probable_decides() -> None:
    card = load_cards()["deproberta-large"]
    rows = np.array([[0.3, 0.3, 0.4], [0.5, 0.1, 0.4], [0.05, 0.05, 0.9]])
    (mapping,) = label_mappings(card, ["depressed"])
    assert mapping.probability(card, rows) == pytest.approx([0.6, 0.6, 0.1])
    # In the first row "not depressed" is the most probable of the three, although 0.6 speaks for the two together.
    assert mapping.said(card, rows).tolist() == [False, True, False]


def test_of_independent_labels_the_highest_counts_and_any_decides() -> None:
    card = load_cards()["longformer-mental-health"].model_copy(
        update={"indicates": {"unwell": ("depressed", "anxious")}}
    )
    rows = np.array([[0.1, 0.2, 0.6, 0.9], [0.9, 0.4, 0.3, 0.9]])
    (mapping,) = label_mappings(card, ["unwell"])
    assert mapping.probability(card, rows).tolist() == [0.6, 0.4]
    assert mapping.said(card, rows).tolist() == [True, False]
