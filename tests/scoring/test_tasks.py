from collections import Counter

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from mh_batch.scoring.tasks import TaskPlan

pytestmark = pytest.mark.spark


def _missing(spark: SparkSession) -> DataFrame:
    """Many short texts and a few long ones, with half of all characters each."""
    lengths = [*[40 + number % 30 for number in range(2000)], *[5000 + number for number in range(22)]]
    rows = [(f"{number:064x}", length) for number, length in enumerate(lengths)]
    return spark.createDataFrame(rows, "content_key string, n_chars long")


def test_tasks_hold_as_many_characters_each_and_the_longest_texts_come_first(spark: SparkSession) -> None:
    missing = _missing(spark)
    plan = TaskPlan.of(missing, 8)
    assert (plan.texts, plan.chars) == (2022, sum(row["n_chars"] for row in missing.collect()))

    spread = missing.withColumn("task", plan.task()).repartitionById(plan.tasks, "task")
    partitions = spread.withColumn("partition", F.spark_partition_id()).collect()
    assert len(partitions) == 2022
    assert all(row["task"] == row["partition"] for row in partitions), "Spark starts partitions in their order"

    chars: Counter[int] = Counter()
    for row in partitions:
        chars[row["task"]] += row["n_chars"]
    assert set(chars) == set(range(8))
    assert max(chars.values()) < 2 * plan.chars / 8
    assert {row["task"] for row in partitions if row["n_chars"] >= 5000} <= {0, 1, 2, 3}
    assert all(row["n_chars"] >= 5000 for row in partitions if row["task"] < 3)


def test_few_texts_get_no_more_tasks_than_there_are_texts(spark: SparkSession) -> None:
    few = _missing(spark).limit(1)
    plan = TaskPlan.of(few, None)
    assert plan.tasks == 1
    assert [row["task"] for row in few.select(plan.task().alias("task")).collect()] == [0]


def test_nothing_to_score_is_a_plan_without_texts(spark: SparkSession) -> None:
    assert TaskPlan.of(_missing(spark).limit(0), None).texts == 0
