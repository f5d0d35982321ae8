from dataclasses import replace

import numpy as np
import pytest

from mh_batch.errors import SettingsError
from mh_batch.evaluation.contenders import Contender, executions_of, predict, scored_by_all
from mh_batch.evaluation.label_mapping import label_mappings
from mh_batch.inference import Execution
from mh_batch.models import Model, load_cards


def test_chosen_thresholds_decide_by_the_folded_probability(xlmr_mini: Model) -> None:
    model = replace(xlmr_mini, card=load_cards()["deproberta-large"])
    contender = Contender(model, Execution("exact", "fp32"), tuple(label_mappings(model.card, ["depressed"])))
    rows = np.array([[0.3, 0.3, 0.4], [0.2, 0.2, 0.6]])
    assert predict(contender, rows, {"depressed": 0.6}).said[:, 0].tolist() == [True, False]
    assert predict(contender, rows, {}).said[:, 0].tolist() == [False, False]


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
