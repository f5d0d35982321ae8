"""Authors and documents that were erased: keyed hashes by which they are known again, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mh_batch.pseudonyms.hashing import PseudonymKey, hasher


@dataclass(frozen=True)
class ErasureHashes:
    """Keyed hashes of identifiers, other than those that stand in any table."""

    authors: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()

    @classmethod
    def of(cls, key: PseudonymKey, authors: Iterable[str], documents: Iterable[str]) -> ErasureHashes:
        """Return the hashes of plain identifiers.

        Args:
            key: The secret.
            authors: Plain identifiers of authors.
            documents: Plain identifiers of documents.
        """
        author, document = hasher(key, "erased author"), hasher(key, "erased document")
        return cls(
            frozenset(author(id.encode()) for id in authors), frozenset(document(id.encode()) for id in documents)
        )

    def __sub__(self, other: ErasureHashes) -> ErasureHashes:
        """The hashes that the other does not have."""
        return ErasureHashes(self.authors - other.authors, self.documents - other.documents)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.authors or self.documents)
