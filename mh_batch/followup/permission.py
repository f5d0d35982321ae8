"""What consent lets a follow-up do, in the pseudonyms that the scores know authors by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mh_batch.consent import Ledger, Standing, Subjects
from mh_batch.corpus.pseudonyms import PseudonymKey, author_key

# Without it there would be no score: who withdraws it withdraws what follows from the score.
_RESEARCH = "research"


def in_pseudonyms(ledger: Ledger, key: PseudonymKey) -> Ledger:
    """Return the ledger with each author's id replaced by the `author_key` under the root's key."""
    authors = ledger.events["author_id"].map(lambda author: author_key(key, author), na_action="ignore")
    return Ledger(ledger.events.assign(author_id=authors))


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
        own, research = standing.withdrawn(scope), standing.withdrawn(_RESEARCH)
        refused = Subjects(own.authors | research.authors, own.docs | research.docs)
        return cls(standing.granted(scope), refused)

    def covers(self, author_key: str, doc_id: str) -> bool:
        """Return whether a document may be acted upon: its author or it itself is granted, and neither refused."""
        return (author_key, doc_id) in self.granted and (author_key, doc_id) not in self.refused


class Withdrawals:
    """When each author and document last withdrew a scope or research."""

    def __init__(self, ledger: Ledger, until: datetime) -> None:
        """Look at the withdrawals of a ledger up to a moment."""
        events = ledger.events
        gone = events[(events["event"] == "withdrawn") & (events["at"] <= until)]
        self._last = {
            column: gone.dropna(subset=[column]).groupby([column, "scope"])["at"].max().to_dict()
            for column in ("author_id", "doc_id")
        }

    def since(self, moment: datetime, scope: str, author_key: str, doc_id: str) -> bool:
        """Return whether the author or the document withdrew the scope, or research, after the moment."""
        subjects = (("author_id", author_key), ("doc_id", doc_id))
        last = (self._last[column].get((name, use)) for column, name in subjects for use in (scope, _RESEARCH))
        return any(at is not None and at > moment for at in last)
