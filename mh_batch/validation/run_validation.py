"""Validation of a staged run before it is published: its tables by their contracts, its counts by reconciliation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch.common.filesystem import Folder
from mh_batch.consent import ConsentRule
from mh_batch.corpus import RejectionReason
from mh_batch.models import ModelCard
from mh_batch.validation.suites import Checker, FailedExpectation, rejected_suite, scores_suite

Rejections = Mapping[str | None, Mapping[str, int]]


@dataclass(frozen=True)
class ScoredCounts:
    """Counts of one model's scores table."""

    scored: int
    rejected: Mapping[str, int]
    windows: int
    windowed_documents: int
    duplicate_texts: int


@dataclass(frozen=True)
class ModelCounts:
    """Counts of a run.

    Attributes:
        read: Rows that the inputs hold.
        rejected: Rows rejected for all models, by reason.
        models: By the model's name.
        kept_out: Rows rejected for want of consent, by the rule that kept each out.
    """

    read: int
    rejected: Mapping[str, int]
    models: Mapping[str, ScoredCounts]
    kept_out: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)


@dataclass(frozen=True)
class Reconciliation:
    """Counts of one model: every row that was read is scored or rejected.

    Attributes:
        model: Name of the model.
        read: Rows that the inputs hold, counted apart from the run.
        scored: Rows of its scores table.
        rejected: Rows rejected for all models and for this one, by reason.
    """

    model: str
    read: int
    scored: int
    rejected: Mapping[str, int]

    @property
    def missing(self) -> int:
        """Rows that were read and are neither scored nor rejected; negative if rows were counted twice."""
        return self.read - self.scored - sum(self.rejected.values())

    def problem(self) -> str | None:
        """Return what does not balance, or None."""
        if self.missing == 0:
            return None
        return (
            f"{self.model}: {self.read:,} rows read, but {self.scored:,} scored and "
            f"{sum(self.rejected.values()):,} rejected ({self.missing:+,} unaccounted for)"
        )


@dataclass(frozen=True)
class ValidationResult:
    """Whether a run may be published, and why not."""

    expectations: int
    failed: Sequence[FailedExpectation]
    unbalanced: Sequence[str]
    counts: ModelCounts

    @property
    def problems(self) -> list[str]:
        """Everything that stands against publishing, one line each."""
        return [str(failure) for failure in self.failed] + list(self.unbalanced)

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "success": not self.problems,
            "expectations": self.expectations,
            "failed": [failure.as_dict() for failure in self.failed],
            "unbalanced": list(self.unbalanced),
        }


def validate_run(
    spark: SparkSession,
    run: Folder,
    cards: Sequence[ModelCard],
    read: int,
    max_failed_share: float,
    eligible: Mapping[str, int] | None = None,
) -> ValidationResult:
    """Check a run's tables against their contracts, and its counts against the corpus.

    Args:
        spark: The session.
        run: Folder of the run.
        cards: Cards of its models.
        read: Rows that the inputs hold, counted apart from the run.
        max_failed_share: Share of documents that inference may fail on.
        eligible: Documents that each model was to score, counted in the corpus; else what other counts leave.
    """
    rejected = spark.read.parquet((run / "rejected").spark_pattern)
    rejections = _rejections(rejected)
    checker = Checker()
    failed = checker.check("rejected", rejected, rejected_suite(tuple(RejectionReason)))
    counts, unbalanced = {}, []
    for card in cards:
        scores = spark.read.parquet((run / "scores" / f"model={card.name}").spark_pattern)
        of_all, of_model = rejections.get(None, {}), rejections.get(card.name, {})
        rejected_rows = Counter(of_all) + Counter(of_model)
        asked = read - rejected_rows.total() + of_model.get(RejectionReason.INFERENCE_FAILED, 0)
        expected = (eligible or {}).get(card.name, asked) - of_model.get(RejectionReason.INFERENCE_FAILED, 0)
        failed += checker.check(f"scores of {card.name}", scores, scores_suite(card, expected))
        counts[card.name] = _count(scores, of_model)
        counted = Reconciliation(card.name, read, counts[card.name].scored, rejected_rows)
        unbalanced += [
            problem for problem in (counted.problem(), _too_many_failures(counted, max_failed_share)) if problem
        ]
    run_counts = ModelCounts(read, rejections.get(None, {}), counts, _kept_out(rejected))
    return ValidationResult(checker.expectations, failed, unbalanced, run_counts)


def count_run(spark: SparkSession, run: Folder, models: Sequence[str], read: int) -> ModelCounts:
    """Count the tables of a run again, as `validate_run` does.

    Args:
        spark: The session.
        run: Folder of the run.
        models: Names of its models.
        read: Rows that the inputs hold, counted apart from the run.
    """
    rejected = spark.read.parquet((run / "rejected").spark_pattern)
    rejections = _rejections(rejected)
    counts = {
        name: _count(spark.read.parquet((run / "scores" / f"model={name}").spark_pattern), rejections.get(name, {}))
        for name in models
    }
    return ModelCounts(read, rejections.get(None, {}), counts, _kept_out(rejected))


def _rejections(rejected: DataFrame) -> dict[str | None, dict[str, int]]:
    """Rejected rows by model (None: all of them) and reason."""
    counts: dict[str | None, dict[str, int]] = {}
    for row in rejected.groupBy("model", "reason").count().orderBy("model", "reason").collect():
        counts.setdefault(row["model"], {})[row["reason"]] = row["count"]
    return counts


def _kept_out(rejected: DataFrame) -> dict[str, int]:
    lacking = rejected.where(F.col("reason") == RejectionReason.NO_CONSENT.value)
    rules = [F.count_if(F.col("detail").endswith(rule.value)).alias(rule.value) for rule in ConsentRule]
    row = lacking.agg(*rules).head()
    assert row is not None
    return {rule: count for rule, count in row.asDict().items() if count}


def _count(scores: DataFrame, rejected: Mapping[str, int]) -> ScoredCounts:
    row = scores.agg(
        F.count("*"),
        F.coalesce(F.sum("n_windows"), F.lit(0)),
        F.count_if(F.col("n_windows") > 1),
        F.count("*") - F.count_distinct("content_key"),
    ).head()
    assert row is not None
    return ScoredCounts(int(row[0]), rejected, int(row[1]), int(row[2]), int(row[3]))


def _too_many_failures(counted: Reconciliation, max_failed_share: float) -> str | None:
    failures = counted.rejected.get(RejectionReason.INFERENCE_FAILED, 0)
    asked = counted.scored + failures
    if failures <= max_failed_share * asked:
        return None
    return (
        f"{counted.model}: inference failed on {failures:,} of {asked:,} documents, more than the allowed share of "
        f"{max_failed_share:g} (see the details in 'rejected'; --max-failed-share sets it)"
    )
