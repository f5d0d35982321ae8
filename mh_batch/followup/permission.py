"""What consent lets a follow-up do, in the pseudonyms that the scores know authors by."""

from __future__ import annotations

from dataclasses import dataclass

from mh_batch.consent import ConsentLedger, Standing, Subjects
from mh_batch.consent.rules import RESEARCH
from mh_batch.pseudonyms.hashing import PseudonymKey, author_key


def in_pseudonyms(ledger: ConsentLedger, key: PseudonymKey) -> ConsentLedger:
    """Return the ledger with each author's id replaced by the `author_key` under the root's key."""
    authors = ledger.events["author_id"].map(lambda author: author_key(key, author), na_action="ignore")
    return ConsentLedger(ledger.events.assign(author_id=authors))


@dataclass(frozen=True)
class Permission:
    """Whom a scope may be acted upon for.

    Attributes:
        granted: Authors and documents for which somebody grants the scope.
        refused: Those for which somebody withdrew the scope, or research.
    """

    granted: Subjects
    refused: Subjects

    @classmethod
    def of(cls, standing: Standing, scope: str) -> Permission:
        """Return what a ledger's standing says of a scope."""
        # Without research there would be no score: who withdraws it withdraws what follows from the score.
        own, research = standing.withdrawn(scope), standing.withdrawn(RESEARCH)
        refused = Subjects(own.authors | research.authors, own.docs | research.docs)
        return cls(standing.granted(scope), refused)

    def covers(self, author_key: str, doc_id: str) -> bool:
        """Return whether a document may be acted upon: its author or it itself is granted, and neither refused."""
        return (author_key, doc_id) in self.granted and (author_key, doc_id) not in self.refused
