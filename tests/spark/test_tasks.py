from collections import Counter

import pytest
from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch.spark import TaskPlan

pytestmark = pytest.mark.spark


def _missing(spark: SparkSession) -> DataFrame:
    """Many short texts and a few long ones, with half of all tokens each."""
    lengths = [*[40 + number % 30 for number in range(2000)], *[5000 + number for number in range(22)]]
    rows = [(f"{number:064x}", length) for number, length in enumerate(lengths)]
    return spark.createDataFrame(rows, "content_key string, n_tokens long")


def test_tasks_hold_as_many_tokens_each_and_the_longest_texts_come_first(spark: SparkSession) -> None:
    missing = _missing(spark)
    plan = TaskPlan.of(missing, 8)
    assert (plan.texts, plan.tokens) == (2022, sum(row["n_tokens"] for row in missing.collect()))

    spread = missing.withColumn("task", plan.task()).repartitionById(plan.tasks, "task")
    partitions = spread.withColumn("partition", F.spark_partition_id()).collect()
    assert len(partitions) == 2022
    assert all(row["task"] == row["partition"] for row in partitions), "Spark starts partitions in their order"

    tokens: Counter[int] = Counter()
    for row in partitions:
        tokens[row["task"]] += row["n_tokens"]
    assert set(tokens) == set(range(8))
    assert max(tokens.values()) < 2 * plan.tokens / 8
    assert {row["task"] for row in partitions if row["n_tokens"] >= 5000} <= {0, 1, 2, 3}
    assert all(row["n_tokens"] >= 5000 for row in partitions if row["task"] < 3)


def test_few_texts_get_no_more_tasks_than_there_are_texts(spark: SparkSession) -> None:
    few = _missing(spark).limit(1)
    plan = TaskPlan.of(few, None)
    assert plan.tasks == 1
    assert [row["task"] for row in few.select(plan.task().alias("task")).collect()] == [0]


def test_a_text_without_tokens_counts_as_one(spark: SparkSession) -> None:
    texts = spark.createDataFrame([("a", 0), ("b", 1), ("c", 7)], "content_key string, n_tokens long")
    plan = TaskPlan.of(texts, 2)
    assert (plan.texts, plan.tokens) == (3, 9)
    assert {row["task"] for row in texts.select(plan.task().alias("task")).collect()} <= {0, 1}


def test_nothing_to_score_is_a_plan_without_texts(spark: SparkSession) -> None:
    assert TaskPlan.of(_missing(spark).limit(0), None).texts == 0
