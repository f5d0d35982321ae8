"""The tables of a run: scores of each model, and what was rejected."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from mh_batch.corpus import Reason
from mh_batch.models import ModelCard
from mh_batch.scoring.labelling import given_labels_column, top_label
from mh_batch.validation import load_contract


def eligible(documents: DataFrame, card: ModelCard) -> DataFrame:
    """Return the admitted documents in a language that the model knows (any, where its card names none)."""
    admitted = documents.where(F.col("reason").isNull())
    return admitted.where(F.col("language").isin(list(card.languages))) if card.languages else admitted


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


def rejected_by_model(documents: DataFrame, scored: DataFrame, failures: DataFrame, card: ModelCard) -> DataFrame:
    """Return the admitted documents that one model did not score, by the contract of `rejected`.

    Args:
        documents: All documents.
        scored: The store's rows, one per content key.
        failures: Texts that this run could not score: `content_key, failure`.
        card: The model's card.
    """
    foreign = (
        documents.where(F.col("reason").isNull() & ~F.col("language").isin(list(card.languages)))
        .withColumn("reason", F.lit(Reason.UNKNOWN_LANGUAGE.value))
        .withColumn("detail", F.col("language"))
    )
    unscored = (
        eligible(documents, card)
        .join(scored.select("content_key"), "content_key", "left_anti")
        .join(failures, "content_key", "left")
        .withColumn("reason", F.lit(Reason.INFERENCE_FAILED.value))
        .withColumn("detail", F.coalesce("failure", F.lit("no result")))
    )
    names = load_contract("rejected").names
    parts = [unscored] + ([foreign] if card.languages else [])
    named = [part.withColumn("model", F.lit(card.name)).select(*names) for part in parts]
    return named[0] if len(named) == 1 else named[0].unionByName(named[1])
