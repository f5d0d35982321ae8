"""Issues the rows of the outbox that a published run gives rise to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from mh_batch.common.console import announce
from mh_batch.consent import ConsentLedger
from mh_batch.errors import UsageError, nearest
from mh_batch.followup.candidates import find_candidates
from mh_batch.followup.issuing import Issue, due_rows
from mh_batch.followup.outbox import Outbox
from mh_batch.followup.outbox_rows import OutboxRow
from mh_batch.followup.permission import Permission, in_pseudonyms
from mh_batch.followup.policy import Policy
from mh_batch.followup.user import this_user
from mh_batch.output.layout import OutputRoot, new_run_id
from mh_batch.output.published import PublishedRun
from mh_batch.pseudonyms.hashing import PseudonymKey


@dataclass(frozen=True)
class Issued:
    """What a follow-up came to.

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
    with outbox.alone(f"followup-{new_run_id()}", key) as check_lease:
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
