import pytest
from pyspark.sql import SparkSession

from mh_batch.contracts import load_contract
from mh_batch.models import ModelCard
from mh_batch.scoring.tables import in_foreign_language, is_eligible, one_per_text

CARD = ModelCard(name="m", title="m", task="multi_label", labels=("calm", "sad"), max_tokens=512)


@pytest.mark.spark
def test_a_text_that_two_runs_scored_side_by_side_counts_once(spark: SparkSession) -> None:
    rows = [("a", [0.1, 0.9], 7, 1, None), ("b", [0.5, 0.4], 8, 2, None), ("a", [0.1, 0.9], 7, 1, None)]
    stored = spark.createDataFrame(rows, load_contract("store").spark_schema())
    found = one_per_text(stored, CARD)
    assert found.columns == ["content_key", "p_calm", "p_sad", "n_tokens", "n_windows"]
    assert sorted(map(tuple, found.collect())) == [("a", 0.1, 0.9, 7, 1), ("b", 0.5, 0.4, 8, 2)]


@pytest.mark.spark
@pytest.mark.parametrize(
    ("languages", "score_undetermined", "scored", "rejected"),
    [
        (("de", "en"), True, ["de", "undetermined"], [("nl", "nl")]),
        (("de", "en"), False, ["de"], [("nl", "nl"), ("undetermined", "undetermined")]),
        ((), True, ["de", "nl", "undetermined"], []),
        ((), False, ["de", "nl", "undetermined"], []),
    ],
)
def test_a_document_is_scored_or_rejected_with_its_language(
    spark: SparkSession,
    languages: tuple[str, ...],
    score_undetermined: bool,
    scored: list[str],
    rejected: list[tuple[str, str]],
) -> None:
    card = CARD.model_copy(update={"languages": languages})
    rows = [(code, "a", code, None) for code in ("de", "nl", "undetermined")] + [("e", "a", "de", "empty_text")]
    documents = spark.createDataFrame(rows, "doc_id string, author_key string, language string, reason string")
    eligible = documents.where(is_eligible(card, score_undetermined))
    assert sorted(row["doc_id"] for row in eligible.collect()) == scored
    foreign = in_foreign_language(documents, card, score_undetermined).collect()
    assert sorted((row["doc_id"], row["detail"]) for row in foreign) == rejected
    assert {row["reason"] for row in foreign} <= {"unknown_language"}
