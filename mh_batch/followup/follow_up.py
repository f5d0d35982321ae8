"""Rows of the outbox that a published run gives rise to: candidates by Spark, and their issue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window, functions as F

from mh_batch.common.console import announce
from mh_batch.consent import ConsentLedger
from mh_batch.errors import UsageError, nearest
from mh_batch.followup.issuing import Candidate, Issue, due_rows
from mh_batch.followup.outbox import Outbox
from mh_batch.followup.outbox_rows import Evidence, OutboxRow, this_user
from mh_batch.followup.policy import Policy, Rule
from mh_batch.followup.standing_consent import Permission, in_pseudonyms
from mh_batch.output import OutputRoot, PublishedRun, new_run_id
from mh_batch.pseudonyms import PseudonymKey


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


@dataclass(frozen=True)
class Issued:
    """The outcome of a follow-up.

    Attributes:
        rows: What is due; issued, unless it was a dry run.
        candidates: By rule, authors who met it, cool-downs apart.
    """

    rows: tuple[OutboxRow, ...]
    candidates: dict[str, int]


def follow_up(
    session: Callable[[], AbstractContextManager[SparkSession]],
    root: OutputRoot,
    run: PublishedRun,
    policy: Policy,
    ledger: ConsentLedger,
    key: PseudonymKey,
    *,
    issued_by: str | None = None,
    moment: datetime | None = None,
    dry_run: bool = False,
) -> Issued:
    """Issue what is due. Nothing is sent.

    Args:
        session: Starts Spark.
        root: The output root, whose outbox is written to.
        run: The run whose scores are looked at.
        policy: What follows from scores.
        ledger: Who consents.
        key: The root's key.
        issued_by: Who issues; the user of this process if None.
        moment: The follow-up's moment, with a time zone; now if None.
        dry_run: Issue nothing.

    Raises:
        UsageError: the run lacks a model or label of the policy.
        BusyError: somebody else issues or delivers, or deletes what is in the root.
        KeyFileError: the root's key has been rotated since it was read.
    """
    check_policy(policy, run)
    issue = Issue(policy, run.run_id, moment or datetime.now(UTC), issued_by or this_user(), key)
    standing = in_pseudonyms(ledger, key).at(issue.moment)
    permissions: dict[str, Permission] = {rule.scope: Permission.of(standing, rule.scope) for rule in policy.rules}
    outbox = Outbox(root)
    with outbox.locked(f"followup-{new_run_id()}", key) as check_lease:
        announce(f"looking for what follows from run {run.run_id} under policy {policy.name}")
        with session() as spark:
            opened = PublishedRun(run.folder, spark)
            scores = {rule.model: opened.scores(rule.model) for rule in policy.rules}
            candidates = list(find_candidates(spark, scores, issue, permissions))
        rows = due_rows(issue, candidates, permissions, outbox.rows())
        check_lease()
        if not dry_run:
            outbox.issue(rows)
    met = {rule.name: sum(one.rule.name == rule.name for one in candidates) for rule in policy.rules}
    return Issued(tuple(rows), met)


def check_policy(policy: Policy, run: PublishedRun) -> None:
    """Raise UsageError unless the run has the scores that the policy looks at."""
    labels = {model["name"]: model["labels"] for model in run.manifest["models"]}
    for rule in policy.rules:
        if rule.model not in labels:
            raise UsageError(
                f"rule '{rule.name}': run {run.run_id} has no scores of '{rule.model}': {nearest(rule.model, labels)}"
            )
        if rule.label not in labels[rule.model]:
            raise UsageError(
                f"rule '{rule.name}': {rule.model} has no label '{rule.label}': "
                f"{nearest(rule.label, labels[rule.model])}"
            )
