from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mh_batch.errors import CorpusError, SettingsError
from mh_batch.evaluation.data.truth import Truth, read_truth
from mh_batch.models import load_cards

CARDS = [load_cards()[name] for name in ("xlmr-depression-mini", "longformer-mental-health-mini", "deproberta-large")]


def truth(values: list[Any], positive: str | None = None) -> Truth:
    return read_truth(pa.table({"label": values}), positive, CARDS)


@pytest.mark.parametrize(
    "values", [[1, 0, None], [1.0, 0.0, float("nan")], ["1", "0", None], [True, False, None], ["1.0", "0", None]]
)
def test_one_and_zero_mean_depressed_or_not_however_they_are_written(values: list[Any]) -> None:
    found = truth(values)
    assert found.labels == ("depressed",)
    np.testing.assert_array_equal(found.known, [[1], [0], [np.nan]])


def test_names_of_labels_mean_themselves_and_the_negative_one_the_absence_of_the_others() -> None:
    found = truth(["depressed", "not_depressed", "anxious", None])
    assert found.labels == ("anxious", "depressed")
    np.testing.assert_array_equal(found.known, [[0, 1], [0, 0], [1, 0], [np.nan, np.nan]])


def test_a_rule_says_which_values_mean_a_label_and_how_the_others_were_read() -> None:
    found = truth(["severe", "mild", "moderate", "none"], "low=severe,moderate")
    assert found.labels == ("low",)
    assert found.known[:, 0].tolist() == [1, 0, 1, 0]
    assert found.how == "moderate, severe means low, mild, none its absence"


def test_columns_of_labels_hold_one_zero_or_unknown() -> None:
    found = read_truth(pa.table({"label_anxious": [1, None], "label_low": [0.0, 1.0], "label": [1, 1]}), None, CARDS)
    assert found.labels == ("anxious", "low")
    np.testing.assert_array_equal(found.known, [[1, 0], [np.nan, 1]])


@pytest.mark.parametrize(
    ("table", "positive", "message"),
    [
        ({"label": ["yes", "no"]}, None, "holds no, yes, which are neither 0 and 1 nor labels"),
        ({"label": [2, 0]}, None, "--positive depressed="),
        ({"label_low": [2, 0]}, None, "must hold 1, 0 or null, and holds 2"),
        ({"label": [1, 0]}, "depressed", "takes NAME=VALUE"),
        ({"label": ["a", "b"]}, "low=c", "never says c; it says a, b"),
        ({"label_low": [1, 0]}, "low=1", "which the data lacks"),
    ],
)
def test_labels_that_cannot_be_read_are_named_with_what_to_say(
    table: dict[str, list[Any]], positive: str | None, message: str
) -> None:
    with pytest.raises((CorpusError, SettingsError)) as error:
        read_truth(pa.table(table), positive, CARDS)
    assert message in str(error.value)


def test_texts_that_stand_in_the_place_of_labels_are_not_quoted() -> None:
    with pytest.raises(CorpusError) as error:
        truth(["The heron waited beside the violet turbine.", "no"])
    assert "heron" not in str(error.value)
    assert "no, 1 other values" in str(error.value)
