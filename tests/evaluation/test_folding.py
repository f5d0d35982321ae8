from dataclasses import replace

import numpy as np
import pytest

from mh_batch.errors import SettingsError
from mh_batch.evaluation.contenders import Contender, executions_of, predictions, scored_by_all
from mh_batch.evaluation.label_mapping import Reading, readings
from mh_batch.inference.execution import Execution
from mh_batch.models import Model, load_cards


def test_a_card_says_which_labels_stand_for_another() -> None:
    cards = load_cards()
    assert readings(cards["deproberta-large"], ["depressed"]) == [Reading("depressed", ("severe", "moderate"))]
    # As the published comparison counted: class 1, although the model has a label of that name.
    assert readings(cards["suicide-depression-distilroberta"], ["depressed"]) == [Reading("depressed", ("suicidal",))]
    assert readings(cards["xlmr-depression"], ["anxious", "depressed"]) == [Reading("depressed", ("depressed",))]


def test_a_model_that_says_nothing_of_the_data_is_refused_with_what_to_write_on_its_card() -> None:
    with pytest.raises(SettingsError, match=r"indicates: \{anxious: \[depressed\]\}"):
        readings(load_cards()["xlmr-depression"], ["anxious"])


def test_exclusive_labels_are_added_up_and_the_most_probable_decides() -> None:
    card = load_cards()["deproberta-large"]
    rows = np.array([[0.3, 0.3, 0.4], [0.5, 0.1, 0.4], [0.05, 0.05, 0.9]])
    (reading,) = readings(card, ["depressed"])
    assert reading.probability(card, rows) == pytest.approx([0.6, 0.6, 0.1])
    # In the first row "not depressed" is the most probable of the three, although 0.6 speaks for the two together.
    assert reading.said(card, rows).tolist() == [False, True, False]


def test_of_independent_labels_the_highest_counts_and_any_decides() -> None:
    card = load_cards()["longformer-mental-health"].model_copy(
        update={"indicates": {"unwell": ("depressed", "anxious")}}
    )
    rows = np.array([[0.1, 0.2, 0.6, 0.9], [0.9, 0.4, 0.3, 0.9]])
    (reading,) = readings(card, ["unwell"])
    assert reading.probability(card, rows).tolist() == [0.6, 0.4]
    assert reading.said(card, rows).tolist() == [True, False]


def test_chosen_thresholds_decide_by_the_folded_probability(xlmr_mini: Model) -> None:
    model = replace(xlmr_mini, card=load_cards()["deproberta-large"])
    contender = Contender(model, Execution("exact", "fp32"), tuple(readings(model.card, ["depressed"])))
    rows = np.array([[0.3, 0.3, 0.4], [0.2, 0.2, 0.6]])
    assert predictions(contender, rows, {"depressed": 0.6}).said[:, 0].tolist() == [True, False]
    assert predictions(contender, rows, {}).said[:, 0].tolist() == [False, False]


def test_engines_and_precisions_are_paired_where_they_go_together(xlmr_mini: Model) -> None:
    assert executions_of(xlmr_mini, ["exact", "onnx"], ["fp32", "int8"]) == [
        Execution("exact", "fp32"),
        Execution("onnx", "fp32"),
        Execution("onnx", "int8"),
    ]
    assert executions_of(xlmr_mini, ["auto", "onnx"], ["int8"]) == [Execution("onnx", "int8")]
    with pytest.raises(SettingsError, match="int8 needs engine onnx"):
        executions_of(xlmr_mini, ["exact"], ["fp32", "int8"])


def test_rows_that_one_model_could_not_score_are_left_out_for_all() -> None:
    one, other = np.array([[0.1, 0.9], [np.nan, np.nan]]), np.array([[0.5], [0.5]])
    assert scored_by_all([one, other]).tolist() == [True, False]
