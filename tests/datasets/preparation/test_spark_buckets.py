import random

import numpy as np
import pytest
from pyspark.sql import SparkSession

from mh_batch.datasets import load_grammar
from mh_batch.datasets.preparation.near_copies import local_buckets, near_pairs
from mh_batch.datasets.preparation.spark_buckets import spark_buckets
from mh_batch.datasets.text_features import comparable

pytestmark = pytest.mark.spark


def test_spark_finds_the_pairs_that_one_process_finds(spark: SparkSession) -> None:
    rng = random.Random(3)
    texts = [comparable(load_grammar("en").text("neutral", words, rng)) for words in (12, 12, 12, 250, 250) * 8]
    texts += [f"well {text}" for text in texts[::2]]
    found = near_pairs(texts, 0.7, 5, spark_buckets(spark))
    assert len(found) >= 20
    np.testing.assert_array_equal(found, near_pairs(texts, 0.7, 5, local_buckets))
