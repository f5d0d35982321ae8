"""Consent as of one moment, as a ledger says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from mh_batch.consent.rules import RESEARCH
from mh_batch.errors import UsageError, nearest

FollowUpScope = Literal["self_help", "notify_therapist", "emergency_contact"]
FOLLOW_UP_SCOPES: tuple[FollowUpScope, ...] = get_args(FollowUpScope)
SCOPES: tuple[str, ...] = (RESEARCH, *FOLLOW_UP_SCOPES)


@dataclass(frozen=True)
class Subjects:
    """The subjects of consent: authors and single documents, by the ids that the corpus gives them."""

    authors: frozenset[str] = frozenset()
    docs: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """Say how many they are: ids of people belong in no log and no traceback."""
        return f"Subjects({len(self.authors)} authors, {len(self.docs)} docs)"

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self.authors or self.docs)

    def __contains__(self, ids: tuple[str | None, str]) -> bool:
        """Whether the author, if known, or the document of `(author_id, doc_id)` is among them."""
        author_id, doc_id = ids
        return author_id in self.authors or doc_id in self.docs


_NOBODY = Subjects()


@dataclass(frozen=True, repr=False)
class Standing:
    """The last event of each subject and scope.

    Attributes:
        grants: By scope, whose last event is a grant.
        withdrawals: By scope, whose last event is a withdrawal.
    """

    grants: Mapping[str, Subjects]
    withdrawals: Mapping[str, Subjects]

    def granted(self, scope: str) -> Subjects:
        """Return the subjects whose last event is a grant; UsageError if there is no such scope."""
        return self.grants.get(_known(scope), _NOBODY)

    def withdrawn(self, scope: str) -> Subjects:
        """Return the subjects whose last event is a withdrawal; UsageError if there is no such scope."""
        return self.withdrawals.get(_known(scope), _NOBODY)


def _known(scope: str) -> str:
    if scope not in SCOPES:
        raise UsageError(f"there is no scope of consent '{scope}': {nearest(scope, SCOPES)}")
    return scope
