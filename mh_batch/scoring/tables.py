"""The tables of a run: scores of each model, and what was rejected."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from mh_batch.corpus import Reason
from mh_batch.models import ModelCard
from mh_batch.scoring.labelling import given_labels_column, top_label
from mh_batch.validation import load_contract


def is_eligible(card: ModelCard) -> Column:
    """Whether a document is admitted and in a language that the model knows (any, where its card names none)."""
    admitted = F.col("reason").isNull()
    return admitted & F.col("language").isin(list(card.languages)) if card.languages else admitted


def scores_table(
    documents: DataFrame, scored: DataFrame, card: ModelCard, thresholds: Mapping[str, float]
) -> DataFrame:
    """Return the scores table of a model, by its contract.

    Args:
        documents: Eligible documents.
        scored: The store's rows, one per content key.
        card: The model's card.
        thresholds: What `thresholds_of` says.
    """
    joined = documents.join(scored, "content_key")
    probability = {label: F.element_at("probabilities", i + 1) for i, label in enumerate(card.labels)}
    for label, column in probability.items():
        joined = joined.withColumn(f"p_{label}", column)
    named = {label: F.col(f"p_{label}") for label in card.labels}
    joined = joined.withColumns(
        {"labels": given_labels_column(card, thresholds, named), "top_label": top_label(card.labels, named)}
    )
    return joined.select(*load_contract("scores").for_labels(card.labels).names)


def rejected_by_all(documents: DataFrame) -> DataFrame:
    """Return the documents that no model was asked about, by the contract of `rejected`."""
    rejected = documents.where(F.col("reason").isNotNull()).withColumn("model", F.lit(None).cast("string"))
    return rejected.select(*load_contract("rejected").names)


def in_foreign_language(documents: DataFrame, card: ModelCard) -> DataFrame:
    """Return the admitted documents in a language that the model does not know, by the contract of `rejected`."""
    foreign = documents.where(F.col("reason").isNull() & ~is_eligible(card))
    return _rejected(foreign, card, Reason.UNKNOWN_LANGUAGE, F.col("language"))


def unscored(documents: DataFrame, scored: DataFrame, failures: DataFrame, card: ModelCard) -> DataFrame:
    """Return the eligible documents that a model did not score, by the contract of `rejected`.

    Args:
        documents: All documents.
        scored: The store's rows, one per content key.
        failures: Texts that this run could not score: `content_key, failure`.
        card: The model's card.
    """
    left = documents.where(is_eligible(card)).join(scored.select("content_key"), "content_key", "left_anti")
    explained = left.join(failures, "content_key", "left")
    return _rejected(explained, card, Reason.INFERENCE_FAILED, F.coalesce("failure", F.lit("no result")))


def _rejected(documents: DataFrame, card: ModelCard, reason: Reason, detail: Column) -> DataFrame:
    named = {"model": F.lit(card.name), "reason": F.lit(reason.value), "detail": detail}
    return documents.withColumns(named).select(*load_contract("rejected").names)
