"""The journal of an erasure: written before the first table is touched, so that whoever is killed is finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from mh_batch.common.filesystem import Folder
from mh_batch.output import journal_file
from mh_batch.privacy.erasure.subject_rows import Loss


@dataclass(frozen=True)
class ErasureJournal:
    """An erasure that has begun. It holds pseudonyms and keyed hashes, and is deleted at the end.

    Attributes:
        id: Tells erasures apart.
        at: When it began, ISO 8601, UTC.
        authors: Pseudonyms of the authors.
        documents: ErasureHashes of their documents, and of documents that were named.
        losses: What each run loses, by its folder within the root.
    """

    id: str
    at: str
    authors: frozenset[str]
    documents: frozenset[str]
    losses: Mapping[str, Loss]

    def write(self, root: Folder) -> None:
        """Write it into the output root."""
        content = {**asdict(self), "authors": sorted(self.authors), "documents": sorted(self.documents)}
        journal_file(root).write_json(content)


def unfinished_erasure(root: Folder) -> ErasureJournal | None:
    """Return the erasure that was killed on the way, if one was."""
    try:
        content = journal_file(root).read_json()
    except FileNotFoundError:
        return None
    return ErasureJournal(
        content["id"],
        content["at"],
        frozenset(content["authors"]),
        frozenset(content["documents"]),
        {run: Loss(**loss) for run, loss in content["losses"].items()},
    )
