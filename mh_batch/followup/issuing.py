"""The decision which rows are due: pure, from documents that count, consent, and the rows that are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mh_batch.followup.outbox_rows import Evidence, OutboxRow, outbox_id
from mh_batch.followup.policy import Policy, Rule
from mh_batch.followup.standing_consent import Permission
from mh_batch.pseudonyms import PseudonymKey


@dataclass(frozen=True)
class Candidate:
    """An author who may meet a rule, with the documents that reach its threshold."""

    rule: Rule
    author_key: str
    documents: tuple[Evidence, ...]


@dataclass(frozen=True)
class Issue:
    """Properties that all rows of one issue share.

    Attributes:
        policy: The policy.
        run_id: The run that the scores are from.
        moment: The follow-up's moment: consent holds as of then, and documents written later do not exist.
        issued_by: Who issues.
        key: The root's key.
    """

    policy: Policy
    run_id: str
    moment: datetime
    issued_by: str
    key: PseudonymKey

    def earliest(self, rule: Rule) -> datetime:
        """Return the time from which an occasion is still followed up."""
        return self.moment - timedelta(days=rule.max_age_days)


def due_rows(
    issue: Issue, candidates: Iterable[Candidate], permissions: Mapping[str, Permission], past: Iterable[OutboxRow]
) -> list[OutboxRow]:
    """Return the rows that are due: at most one for each author and action, for the newest occasion.

    Args:
        issue: What the rows have in common.
        candidates: At least all authors that meet a rule of the policy; others do no harm.
        permissions: By scope.
        past: The rows that were issued before.

    Returns:
        New rows, ordered by rule and author. None lies within the action's cool-down of a row of the same author and
        action, counted from when the earlier one's occasion was, nor before it.
    """
    last = last_occasions(past)
    order = {rule.name: number for number, rule in enumerate(issue.policy.rules)}
    rows = []
    for candidate in sorted(candidates, key=lambda one: (order[one.rule.name], one.author_key)):
        subject = candidate.author_key, candidate.rule.action
        earliest = max(issue.earliest(candidate.rule), _end_of_cool_down(issue.policy, last, subject))
        permitted = _permitted(candidate, permissions[candidate.rule.scope], issue.moment)
        evidence = newest_occasion(permitted, candidate.rule, earliest)
        if evidence:
            rows.append(_row(issue, candidate, evidence))
            last[subject] = evidence[-1].created_at
    return rows


def last_occasions(rows: Iterable[OutboxRow]) -> dict[tuple[str, str], datetime]:
    """Return when each author and action had its newest occasion."""
    last: dict[tuple[str, str], datetime] = {}
    for row in rows:
        subject = row.author_key, row.action
        last[subject] = max(row.occasion_at, last.get(subject, row.occasion_at))
    return last


def newest_occasion(documents: Iterable[Evidence], rule: Rule, earliest: datetime) -> Sequence[Evidence]:
    """Return the documents of the newest occasion on which a rule is met; none if that was before `earliest`.

    An occasion is a document that, with those before it, makes `rule.documents` within less than `rule.within_days`.

    Args:
        documents: Documents of one author that count for the rule.
        rule: The rule.
        earliest: When the occasion may have been at the earliest.
    """
    ordered = sorted(documents)
    for end in range(len(ordered), rule.documents - 1, -1):
        window = ordered[end - rule.documents : end]
        if window[-1].created_at < earliest:
            break
        if window[-1].created_at - window[0].created_at < timedelta(days=rule.within_days):
            return window
    return ()


def _permitted(candidate: Candidate, permission: Permission, moment: datetime) -> list[Evidence]:
    return [
        document
        for document in candidate.documents
        if document.p >= candidate.rule.threshold
        and document.created_at <= moment
        and permission.covers(candidate.author_key, document.doc_id)
    ]


def _end_of_cool_down(policy: Policy, last: Mapping[tuple[str, str], datetime], subject: tuple[str, str]) -> datetime:
    if subject not in last:
        return datetime.min.replace(tzinfo=UTC)
    return last[subject] + timedelta(days=policy.cool_down_days(subject[1]))


def _row(issue: Issue, candidate: Candidate, evidence: Sequence[Evidence]) -> OutboxRow:
    rule, author, occasion_at = candidate.rule, candidate.author_key, evidence[-1].created_at
    return OutboxRow(
        outbox_id=outbox_id(issue.key, author, rule.name, rule.action, occasion_at),
        author_key=author,
        rule=rule.name,
        action=rule.action,
        scope=rule.scope,
        occasion_at=occasion_at,
        expires_at=occasion_at + timedelta(days=rule.max_age_days),
        issued_at=issue.moment,
        issued_by=issue.issued_by,
        run_id=issue.run_id,
        policy_name=issue.policy.name,
        policy_digest=issue.policy.digest,
        documents=len(evidence),
        evidence=tuple(evidence),
        evidence_in=rule.evidence_in,
        language=rule.language,
        country=rule.country,
    )
