import pytest
from pyspark.sql import SparkSession

from mh_batch.models import ModelCard
from mh_batch.scoring.tables import one_per_text
from mh_batch.validation import load_contract

CARD = ModelCard(name="m", title="m", task="multi_label", labels=("calm", "sad"), max_tokens=512)


@pytest.mark.spark
def test_a_text_that_two_runs_scored_side_by_side_counts_once(spark: SparkSession) -> None:
    rows = [("a", [0.1, 0.9], 7, 1, None), ("b", [0.5, 0.4], 8, 2, None), ("a", [0.1, 0.9], 7, 1, None)]
    stored = spark.createDataFrame(rows, load_contract("store").spark_schema())
    found = one_per_text(stored, CARD)
    assert found.columns == ["content_key", "p_calm", "p_sad", "n_tokens", "n_windows"]
    assert sorted(map(tuple, found.collect())) == [("a", 0.1, 0.9, 7, 1), ("b", 0.5, 0.4, 8, 2)]
