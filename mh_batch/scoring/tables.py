"""The tables of a run: scores of each model, and what was rejected."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame, functions as F

from mh_batch.contracts import load_contract
from mh_batch.corpus import UNDETERMINED, RejectionReason
from mh_batch.models import ModelCard


def is_eligible(card: ModelCard, score_undetermined: bool) -> Column:
    """Whether a document is admitted and in a language that the model knows.

    Args:
        card: The model's card; where it names no languages, the model is asked about all.
        score_undetermined: Whether it is asked about texts that do not tell their language, too.
    """
    admitted = F.col("reason").isNull()
    known = [*card.languages, UNDETERMINED] if score_undetermined else list(card.languages)
    return admitted & F.col("language").isin(known) if card.languages else admitted


def one_per_text(scored: DataFrame, card: ModelCard) -> DataFrame:
    """Return what a text scored, once for each: two runs that worked side by side may have scored the same one.

    Args:
        scored: The store's rows.
        card: The model's card.

    Returns:
        `content_key, p_<label>, n_tokens, n_windows`. Numbers are grouped by hashing; arrays would have to be sorted.
    """
    probability = {f"p_{label}": F.element_at("probabilities", i + 1) for i, label in enumerate(card.labels)}
    columns = {**probability, "n_tokens": F.col("n_tokens"), "n_windows": F.col("n_windows")}
    return scored.groupBy("content_key").agg(*[F.first(column).alias(name) for name, column in columns.items()])


def scores_table(
    documents: DataFrame, scored: DataFrame, card: ModelCard, thresholds: Mapping[str, float]
) -> DataFrame:
    """Return the scores table of a model, by its contract.

    Args:
        documents: Eligible documents.
        scored: What `one_per_text` returns.
        card: The model's card.
        thresholds: What `thresholds_of` says.
    """
    joined = documents.join(scored, "content_key")
    probability = {label: F.col(f"`p_{label}`") for label in card.labels}
    joined = joined.withColumns(
        {"labels": given_labels_column(card, thresholds, probability), "top_label": top_label(card.labels, probability)}
    )
    return joined.select(*load_contract("scores").for_labels(card.labels).names)


def top_label(labels: Sequence[str], probability: Mapping[str, Column]) -> Column:
    """Return the one of `labels` with the highest probability; the first of them where several tie."""
    among = [probability[label] for label in labels]
    highest = F.greatest(*among) if len(among) > 1 else among[0]
    return F.coalesce(*[F.when(probability[label] == highest, F.lit(label)) for label in labels])


def given_labels_column(card: ModelCard, thresholds: Mapping[str, float], probability: Mapping[str, Column]) -> Column:
    """Return the labels that a document is given, by the rule of `mh_batch.models.labels.given_labels`.

    Args:
        card: The model's card.
        thresholds: What `thresholds_of` says.
        probability: The column of each label's probability.
    """
    if card.task == "multi_label":
        reached = [F.when(probability[label] >= thresholds[label], F.lit(label)) for label in card.labels]
        return F.array_compact(F.array(*reached))
    with_threshold = [label for label in card.labels if label in thresholds]
    without = [label for label in card.labels if label not in thresholds] or list(card.labels)
    passing = {label: F.when(probability[label] >= thresholds[label], probability[label]) for label in with_threshold}
    chosen = [top_label(with_threshold, passing)] if with_threshold else []
    return F.array(F.coalesce(*chosen, top_label(without, probability)))


def rejected_by_all(documents: DataFrame) -> DataFrame:
    """Return the documents that no model was asked about, by the contract of `rejected`."""
    rejected = documents.where(F.col("reason").isNotNull()).withColumn("model", F.lit(None).cast("string"))
    return rejected.select(*load_contract("rejected").names)


def in_foreign_language(documents: DataFrame, card: ModelCard, score_undetermined: bool) -> DataFrame:
    """Return the admitted documents in a language that the model does not know, by the contract of `rejected`.

    Args:
        documents: All documents.
        card: The model's card.
        score_undetermined: As of `is_eligible`.
    """
    foreign = documents.where(F.col("reason").isNull() & ~is_eligible(card, score_undetermined))
    return _rejected(foreign, card, RejectionReason.UNKNOWN_LANGUAGE, F.col("language"))


def unscored(documents: DataFrame, scored: DataFrame, failures: DataFrame, card: ModelCard) -> DataFrame:
    """Return the eligible documents that a model did not score, by the contract of `rejected`.

    Args:
        documents: Eligible documents.
        scored: What `one_per_text` returns.
        failures: Texts that this run could not score: `content_key, failure`.
        card: The model's card.
    """
    left = documents.join(scored.select("content_key"), "content_key", "left_anti")
    explained = left.join(failures, "content_key", "left")
    return _rejected(explained, card, RejectionReason.INFERENCE_FAILED, F.coalesce("failure", F.lit("no result")))


def _rejected(documents: DataFrame, card: ModelCard, reason: RejectionReason, detail: Column) -> DataFrame:
    named = {"model": F.lit(card.name), "reason": F.lit(reason.value), "detail": detail}
    return documents.withColumns(named).select(*load_contract("rejected").names)
