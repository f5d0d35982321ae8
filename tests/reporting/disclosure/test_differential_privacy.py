from datetime import UTC, datetime, timedelta
from math import exp

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from mh_batch.contracts import load_contract
from mh_batch.reporting.disclosure.differential_privacy import DELTA, Budget, add_noise, count_authors

LABELS = ("neutral", "depressed")
CROSSINGS = [(), ("period",), ("language",)]


def test_one_author_changes_a_crossing_by_a_bounded_number() -> None:
    budget = Budget(epsilon=1.0, max_groups=4, parts=3)

    # Four groups, in each of which the author counts once, and once for each label; in the total once.
    assert budget.sensitivity(("period",), labels=2) == 12
    assert budget.sensitivity((), labels=2) == 3
    assert budget.scale(("period",), labels=2) == 36


def test_a_group_of_one_author_hardly_ever_shows() -> None:
    budget = Budget(epsilon=1.0, max_groups=4, parts=3)
    crossing = ("period",)
    ratio = exp(-1 / budget.scale(crossing, 1))

    # P(1 + noise >= fewest) of discrete Laplace noise, for all groups that the author may be alone in.
    alone = 3 * 4 * ratio ** (budget.fewest(crossing, 1) - 1) / (1 + ratio)

    assert 0.4 * DELTA < alone <= DELTA


def test_the_budget_is_spent_and_not_more() -> None:
    groups = pd.DataFrame({"crossing": [0, 1, 1, 2], "authors": 9000, "positive_authors_0": 900})

    _, spent = add_noise(groups, CROSSINGS, 1, Budget(epsilon=0.7, max_groups=2, parts=3), min_authors=20)

    assert spent == pytest.approx(0.7)


def test_noise_is_what_the_scale_says() -> None:
    groups = pd.DataFrame({"crossing": 1, "authors": 9000, "positive_authors_0": 4000}, index=range(4000))
    budget = Budget(epsilon=1.0, max_groups=3, parts=3)

    noisy, _ = add_noise(groups, CROSSINGS, 1, budget, min_authors=20)

    for column, count in {"authors": 9000, "positive_authors_0": 4000}.items():
        assert noisy[column].mean() == pytest.approx(count, abs=5 * 26 / 4000**0.5)
        assert noisy[column].std() == pytest.approx(2**0.5 * budget.scale(("period",), 1), rel=0.06)
        assert noisy["noise"][0] == pytest.approx(2**0.5 * budget.scale(("period",), 1), rel=0.01)


def test_small_groups_are_not_there_at_all() -> None:
    groups = pd.DataFrame({"crossing": [1, 1], "authors": [3, 90_000], "positive_authors_0": [1, 100]})

    noisy, _ = add_noise(groups, CROSSINGS, 1, Budget(epsilon=1.0, max_groups=4, parts=3), min_authors=20)

    assert len(noisy) == 1
    assert noisy["authors"][0] > 80_000


def test_there_are_never_more_positive_authors_than_authors() -> None:
    groups = pd.DataFrame({"crossing": 1, "authors": 1000, "positive_authors_0": 1000}, index=range(500))

    noisy, _ = add_noise(groups, CROSSINGS, 1, Budget(epsilon=1.0, max_groups=4, parts=3), min_authors=20)

    assert (noisy["positive_authors_0"] <= noisy["authors"]).all()


@pytest.mark.spark
def test_an_author_counts_in_few_groups_and_once_in_each(spark: SparkSession) -> None:
    weeks = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(weeks=week) for week in range(10)]
    rows = [
        (f"{author}-{i}", author, week, "en", None, None, 0.5, 0.5, ["depressed"], "depressed", 5, 1, "k")
        for author in ("ada", "ben", None)
        for i, week in enumerate([*weeks, *weeks])
    ]
    scores = spark.createDataFrame(rows, load_contract("scores").for_labels(LABELS).spark_schema())

    counted = count_authors(scores, ("depressed",), "week", CROSSINGS, max_groups=3)

    assert counted.groupby("crossing")["authors"].sum().to_dict() == {0: 2, 1: 6, 2: 2}
    assert np.array_equal(counted["authors"], counted["positive_authors_0"])
