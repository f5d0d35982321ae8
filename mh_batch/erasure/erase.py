"""Erases persons and documents from an output root, and proves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession

from mh_batch.corpus.pseudonyms import PseudonymKey
from mh_batch.storage import Folder

if TYPE_CHECKING:
    from mh_batch.consent import Subjects


@dataclass(frozen=True)
class Erased:
    """What an erasure came to.

    Attributes:
        documents: Distinct documents that left the root.
        runs: Runs that held some of them, oldest first, failed ones included.
        texts: Rows that left the score store, those included that no run can be shown to need.
    """

    documents: int
    runs: tuple[str, ...]
    texts: int


def erase(spark: SparkSession, root: Folder, key: PseudonymKey, subjects: Subjects, tombstone: bool = True) -> Erased:
    """Take what an output root holds of authors and documents out of store, runs, failed runs, outbox and reports.

    It holds the root's maintenance lease meanwhile; a caller that holds a lease itself, such as a run before it
    examines its corpus, may call it within that. Whoever is killed on the way has it finished by the next call.

    Args:
        spark: A session under `run_settings`.
        root: The output root.
        key: The root's secret, as `root_key` finds it.
        subjects: Plain identifiers of authors and of documents.
        tombstone: Whether later runs are to reject them; without it, as after a withdrawn consent, they may come back.

    Raises:
        BusyError: somebody else works in the root.
        ErasureError: something of them was found afterwards, or a run's books did not balance.
    """
    raise NotImplementedError
