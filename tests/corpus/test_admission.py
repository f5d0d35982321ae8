from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch.corpus import RejectionReason, examine, later_copies, reject_copies
from mh_batch.pseudonyms import ErasureHashes, PseudonymKey, author_key
from tests.pseudonyms.chains import chained

pytestmark = pytest.mark.spark

KEY = PseudonymKey((bytes(32),))
SCHEMA = (
    "doc_id string, text string, author_id string, created_at timestamp, language string, source string, "
    "region string, bad_date boolean, kept_out string, malformed string, source_file string, "
    "source_row bigint, place bigint"
)


def corpus(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    sound = {
        "doc_id": "d",
        "text": "I went for a walk.",
        "author_id": "ada",
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
        "language": "en",
        "source": None,
        "region": None,
        "bad_date": False,
        "kept_out": None,
        "source_file": "part-0.parquet",
    }
    return spark.createDataFrame([{**sound, **row, "source_row": i, "place": i} for i, row in enumerate(rows)], SCHEMA)


def judge(frame: DataFrame, **options: Any) -> list[dict[str, Any]]:
    examined = examine(frame, KEY, ("de", "en"), options.get("max_text_chars", 100))
    judged = reject_copies(examined, later_copies(examined))
    return [row.asDict() for row in judged.orderBy("place").collect()]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, None),
        ({"doc_id": None}, RejectionReason.NULL_DOC_ID),
        ({"text": None}, RejectionReason.NULL_TEXT),
        ({"text": ""}, RejectionReason.EMPTY_TEXT),
        ({"text": " \t\n\u00a0\u200b\u3000"}, RejectionReason.EMPTY_TEXT),
        ({"text": "x" * 101}, RejectionReason.TEXT_TOO_LARGE),
        ({"text": "x" * 100}, None),
        ({"text": "a\0b"}, RejectionReason.NUL_IN_TEXT),
        ({"bad_date": True, "created_at": None}, RejectionReason.INVALID_DATE),
        ({"created_at": None}, None),
        ({"kept_out": "not granted"}, RejectionReason.NO_CONSENT),
        # What may not be used is not looked at for anything else.
        ({"kept_out": "not granted", "text": None}, RejectionReason.NO_CONSENT),
    ],
)
def test_a_document_is_admitted_or_rejected_with_one_reason(
    spark: SparkSession, row: dict[str, Any], reason: RejectionReason | None
) -> None:
    assert judge(corpus(spark, row))[0]["reason"] == reason


@pytest.mark.parametrize("column", ["text", "doc_id"])
@pytest.mark.parametrize("damaged", ["X'ff'", "X'c328'", "X'eda080'"], ids=["latin-1", "cut short", "lone surrogate"])
def test_bytes_that_are_no_utf8_are_rejected(spark: SparkSession, column: str, damaged: str) -> None:
    frame = corpus(spark, {}).withColumn(column, F.expr(f"cast({damaged} as string)"))
    expected = {"text": RejectionReason.UNDECODABLE_TEXT, "doc_id": RejectionReason.UNDECODABLE_DOC_ID}[column]
    assert judge(frame)[0]["reason"] == expected


def test_of_documents_with_one_id_the_first_sound_one_stays(spark: SparkSession) -> None:
    rows = judge(corpus(spark, {"text": ""}, {}, {"text": "Another text."}, {"doc_id": "e"}))
    assert [row["reason"] for row in rows] == [RejectionReason.EMPTY_TEXT, None, RejectionReason.DUPLICATE_DOC_ID, None]


def test_the_detail_tells_where_the_row_is_and_never_its_text(spark: SparkSession) -> None:
    rows = judge(corpus(spark, {"doc_id": None}, {"text": "secret " * 20}))
    assert rows[0]["detail"] == "part-0.parquet, row 0"
    assert rows[1]["detail"] == "part-0.parquet, row 1; 140 characters"


def test_admitted_documents_get_keys_and_rejected_ones_none_of_their_texts(spark: SparkSession) -> None:
    sound, rejected = judge(corpus(spark, {}, {"doc_id": "e", "kept_out": "not granted"}))
    assert sound["author_key"] == author_key(KEY, "ada")
    assert sound["content_key"] == chained(KEY.links, "content", "I went for a walk.")
    assert rejected["content_key"] is None


def test_language_is_detected_only_where_it_is_not_given(spark: SparkSession) -> None:
    german = "Heute Morgen bin ich am Fluss entlang gegangen."
    rows = judge(corpus(spark, {"text": german, "language": None}, {"doc_id": "e", "text": german, "language": "pl"}))
    assert [row["language"] for row in rows] == ["de", "pl"]


def test_a_text_keeps_the_language_that_it_is_in_whatever_languages_are_expected(spark: SparkSession) -> None:
    texts = {"nl": "Ik slaap al weken nauwelijks.", "ja": "今朝は川沿いを散歩しました。", "undetermined": "ok"}
    rows = judge(corpus(spark, *[{"doc_id": c, "text": text, "language": None} for c, text in texts.items()]))
    assert [(row["language"], row["reason"]) for row in rows] == [(code, None) for code in texts]


def test_a_rejected_document_can_be_found_by_its_author(spark: SparkSession) -> None:
    [row] = judge(corpus(spark, {"text": ""}))
    assert (row["doc_id"], row["author_key"]) == ("d", author_key(KEY, "ada"))


def test_documents_of_the_erased_are_rejected_and_say_nothing_of_whose_they_are(spark: SparkSession) -> None:
    rows: list[dict[str, Any]] = [
        {"doc_id": "a"},
        {"doc_id": "b", "author_id": "ben"},
        {"doc_id": "c", "author_id": None},
        {"doc_id": None},
    ]
    examined = examine(corpus(spark, *rows), KEY, ("en",), 100, erased=ErasureHashes.of(KEY, ["ada"], ["c"])).orderBy(
        "place"
    )
    found = [
        (row["reason"], row["doc_id"], row["author_key"], row["detail"], row["content_key"])
        for row in examined.collect()
    ]
    erased = (RejectionReason.ERASED, None, None, None, None)
    text_key = chained(KEY.links, "content", "I went for a walk.")
    ben = (None, "b", author_key(KEY, "ben"), "part-0.parquet, row 1", text_key)
    assert found == [erased, ben, erased, erased]
