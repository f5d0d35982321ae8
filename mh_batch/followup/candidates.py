"""Finds, with Spark, the authors who may meet a rule: of all scores only their documents reach the driver."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window, functions as F

from mh_batch.followup.issuing import Candidate, Issue
from mh_batch.followup.outbox_rows import Evidence
from mh_batch.followup.permission import Permission
from mh_batch.followup.policy import Rule


def find_candidates(
    spark: SparkSession, scores: Mapping[str, DataFrame], issue: Issue, permissions: Mapping[str, Permission]
) -> Iterator[Candidate]:
    """Yield the authors who may meet a rule, as far as scores, consent and window say; cool-downs are not looked at.

    Args:
        spark: The session.
        scores: By model, under the contract `scores`.
        issue: Policy and moment.
        permissions: By scope.
    """
    for rule in issue.policy.rules:
        documents = _permitted(spark, _counting(scores[rule.model], rule, issue), permissions[rule.scope])
        for row in _met(documents, rule).toArrow().to_pylist():
            yield Candidate(rule, row["author_key"], tuple(Evidence(**document) for document in row["documents"]))


def _counting(scores: DataFrame, rule: Rule, issue: Issue) -> DataFrame:
    """`author_key, doc_id, created_at, p` of the documents that may count for a rule."""
    probability = F.col(f"`p_{rule.label}`")
    oldest = issue.earliest(rule) - timedelta(days=rule.within_days)
    recent = F.col("created_at").between(F.lit(oldest), F.lit(issue.moment))
    counting = scores.where(F.col("author_key").isNotNull() & recent & (probability >= rule.threshold))
    return counting.select("author_key", "doc_id", "created_at", probability.alias("p"))


def _permitted(spark: SparkSession, documents: DataFrame, permission: Permission) -> DataFrame:
    """The documents that `Permission.covers`."""
    granted, refused = permission.granted, permission.refused
    authors = _known(spark, granted.authors, refused.authors, "author")
    docs = _known(spark, granted.docs, refused.docs, "doc")
    joined = documents.join(authors, documents["author_key"] == authors["author"], "left")
    joined = joined.join(docs, documents["doc_id"] == docs["doc"], "left")
    is_granted = _either("author_granted", "doc_granted") & ~_either("author_refused", "doc_refused")
    return joined.where(is_granted).select(*documents.columns)


def _either(one: str, other: str) -> Column:
    return F.coalesce(F.col(one), F.lit(False)) | F.coalesce(F.col(other), F.lit(False))


def _known(spark: SparkSession, granted: Collection[str], refused: Collection[str], name: str) -> DataFrame:
    """A row for each id that somebody speaks of."""
    ids = pa.array(sorted({*granted, *refused}), pa.string())
    columns = [ids, *(pa.array([id in those for id in ids.to_pylist()], pa.bool_()) for those in (granted, refused))]
    return spark.createDataFrame(pa.table(columns, names=[name, f"{name}_granted", f"{name}_refused"]))


def _met(documents: DataFrame, rule: Rule) -> DataFrame:
    """`author_key, documents` of the authors who have as many documents within as few days as the rule says."""
    by_time = Window.partitionBy("author_key").orderBy("created_at", "doc_id")
    first = F.lag("created_at", rule.documents - 1).over(by_time)
    is_met = F.col("created_at") < first + F.make_dt_interval(F.lit(rule.within_days))
    document = F.struct("created_at", "doc_id", "p")
    by_author = documents.withColumn("is_met", is_met).groupBy("author_key")
    met = by_author.agg(F.collect_list(document).alias("documents"), F.bool_or("is_met").alias("is_met"))
    return met.where("is_met").drop("is_met")
