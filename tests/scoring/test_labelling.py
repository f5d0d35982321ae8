import math
from collections.abc import Mapping

import pytest
from pyspark.sql import SparkSession, functions as F

from mh_batch.errors import SettingsError
from mh_batch.models import ModelCard
from mh_batch.models.labels import check_thresholds, given_labels, thresholds_of
from mh_batch.scoring.tables import given_labels_column, top_label

SINGLE = ModelCard(name="s", title="s", task="single_label", labels=("severe", "moderate", "none"), max_tokens=512)
MULTI = ModelCard(
    name="m", title="m", task="multi_label", labels=("calm", "sad", "tense"), thresholds={"sad": 0.7}, max_tokens=512
)


def test_independent_labels_have_thresholds_of_the_card_of_the_user_or_one_half() -> None:
    assert thresholds_of(MULTI, {"tense": 0.2, "severe": 0.9}) == {"calm": 0.5, "sad": 0.7, "tense": 0.2}


def test_exclusive_labels_have_a_threshold_only_where_one_is_named() -> None:
    assert thresholds_of(SINGLE, {}) == {}
    assert thresholds_of(SINGLE, {"severe": 0.3}) == {"severe": 0.3}


def test_a_threshold_for_a_label_that_no_model_has_is_refused() -> None:
    check_thresholds([SINGLE, MULTI], {"sad": 0.5, "severe": 0.5})
    with pytest.raises(SettingsError, match=r"'sda'.*did you mean 'sad'"):
        check_thresholds([SINGLE, MULTI], {"sda": 0.5})


@pytest.mark.spark
@pytest.mark.parametrize(
    ("card", "chosen", "probabilities", "labels", "top"),
    [
        (MULTI, {}, (0.5, 0.69, 0.9), ["calm", "tense"], "tense"),
        (MULTI, {}, (0.1, 0.2, 0.3), [], "tense"),
        (MULTI, {"tense": 0.95}, (0.4, 0.8, 0.9), ["sad"], "tense"),
        (SINGLE, {}, (0.2, 0.5, 0.3), ["moderate"], "moderate"),
        (SINGLE, {"severe": 0.2}, (0.2, 0.5, 0.3), ["severe"], "moderate"),
        (SINGLE, {"severe": 0.3}, (0.2, 0.3, 0.5), ["none"], "none"),
        # A label below its threshold is not given although it is the most probable.
        (SINGLE, {"severe": 0.8}, (0.6, 0.1, 0.3), ["none"], "severe"),
        (SINGLE, {"severe": 0.1, "moderate": 0.1}, (0.3, 0.4, 0.3), ["moderate"], "moderate"),
        (SINGLE, {}, (0.4, 0.4, 0.2), ["severe"], "severe"),
    ],
)
def test_labels_follow_from_probabilities_and_thresholds(
    spark: SparkSession,
    card: ModelCard,
    chosen: Mapping[str, float],
    probabilities: tuple[float, ...],
    labels: list[str],
    top: str,
) -> None:
    columns = {label: F.lit(p) for label, p in zip(card.labels, probabilities, strict=True)}
    thresholds = thresholds_of(card, chosen)
    given = given_labels_column(card, thresholds, columns)
    row = spark.range(1).select(given.alias("labels"), top_label(card.labels, columns).alias("top")).head()
    assert row is not None
    assert (row["labels"], row["top"]) == (labels, top)
    assert given_labels(card, thresholds, probabilities) == tuple(labels)
    assert math.isclose(sum(probabilities), 1.0) or card is MULTI
