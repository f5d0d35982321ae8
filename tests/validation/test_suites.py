from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructField, StructType

from mh_batch.contracts import load_contract
from mh_batch.models import ModelCard
from mh_batch.validation.suites import Checker, rejected_suite, scores_suite

pytestmark = pytest.mark.spark

CARD = ModelCard(name="m", title="m", task="single_label", labels=("calm", "sad"), max_tokens=512)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


def row(number: int, **changes: Any) -> dict[str, Any]:
    sound = {
        "doc_id": f"d{number}",
        "author_key": None,
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
        "language": "en",
        "source": None,
        "region": None,
        "p_calm": 0.3,
        "p_sad": 0.7,
        "labels": ["sad"],
        "top_label": "sad",
        "n_tokens": 5,
        "n_windows": 1,
        "content_key": f"k{number}",
    }
    return {**sound, **changes}


def scores(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    fields = load_contract("scores").for_labels(CARD.labels).spark_schema().fields
    lenient = StructType([StructField(field.name, field.dataType, True) for field in fields])
    return spark.createDataFrame(list(rows), lenient)


def test_a_sound_table_passes(spark: SparkSession, checker: Checker) -> None:
    assert checker.check("sound", scores(spark, row(1), row(2)), scores_suite(CARD, 2)) == []


def test_each_broken_promise_is_named_with_its_count(spark: SparkSession, checker: Checker) -> None:
    table = scores(
        spark,
        row(1),
        row(1),
        row(2, p_sad=1.2),
        row(3, p_sad=float("nan")),
        row(4, p_sad=None),
        row(5, labels=["sad", "grumpy"]),
        row(6, top_label="grumpy"),
        row(7, n_tokens=0),
        row(8, n_windows=0),
        row(None, doc_id=None),  # type: ignore[arg-type]  # a row without a number
        row(9, p_calm=0.31),
    )
    failed = {str(failure) for failure in checker.check("scores", table, scores_suite(CARD, 10))}
    assert failed == {
        "scores.doc_id: ExpectColumnValuesToBeUnique: 2 unexpected",
        "scores.doc_id: ExpectColumnValuesToNotBeNull: 1 unexpected",
        "scores.p_sad: ExpectColumnValuesToBeBetween: 2 unexpected",
        "scores.p_sad: ExpectColumnValuesToNotBeNull: 1 unexpected",
        "scores: labels are those of the card: 1 unexpected",
        "scores.top_label: ExpectColumnValuesToBeInSet: 1 unexpected",
        "scores.n_tokens: ExpectColumnValuesToBeBetween: 1 unexpected",
        "scores.n_windows: ExpectColumnValuesToBeBetween: 1 unexpected",
        "scores: probabilities sum to one: 3 unexpected",
        "scores: ExpectTableRowCountToEqual: 1 unexpected",
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("drop", "ExpectTableColumnsToMatchOrderedList"),
        ("add", "ExpectTableColumnsToMatchOrderedList"),
        ("retype", "ExpectColumnValuesToBeOfType"),
    ],
)
def test_columns_and_types_are_exact(spark: SparkSession, checker: Checker, change: str, expected: str) -> None:
    table = scores(spark, row(1))
    changed = {
        "drop": table.drop("region"),
        "add": table.withColumn("extra", table.region),
        "retype": table.withColumn("n_tokens", table.n_tokens.cast("int")),
    }[change]
    failed = checker.check(change, changed, scores_suite(CARD, 1))
    assert expected in {failure.expectation for failure in failed}


def test_independent_labels_need_not_sum_to_one(spark: SparkSession, checker: Checker) -> None:
    card = CARD.model_copy(update={"task": "multi_label"})
    assert checker.check("independent", scores(spark, row(1, p_calm=0.9)), scores_suite(card, 1)) == []


def test_rejected_rows_have_a_known_reason(spark: SparkSession, checker: Checker) -> None:
    schema = load_contract("rejected").spark_schema()
    table = spark.createDataFrame([("d", None, None, "empty_text", None), ("e", None, None, "tuesday", None)], schema)
    failed = checker.check("rejected", table, rejected_suite(("empty_text",)))
    assert [str(failure) for failure in failed] == ["rejected.reason: ExpectColumnValuesToBeInSet: 1 unexpected"]
