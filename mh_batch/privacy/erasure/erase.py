"""Erases persons and documents from an output root, and proves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from mh_batch.common.console import announce
from mh_batch.common.filesystem import Folder
from mh_batch.consent import Subjects
from mh_batch.output import (
    Leases,
    OutputRoot,
    check_key,
    journal_file,
    new_run_id,
    output_access,
    remove_stale_files,
    rewrite_files,
    warn_of_copies,
    write_tombstones,
)
from mh_batch.privacy.erasure.erasure_journal import ErasureJournal, unfinished_erasure
from mh_batch.privacy.erasure.identifier_search import IdentifierSearch, search_for
from mh_batch.privacy.erasure.proof import prove_erased
from mh_batch.privacy.erasure.settlement import forget_unclaimed, recount_rows, remove_identifiers, write_reports_again
from mh_batch.privacy.erasure.subject_filter import Removal, SubjectFilter
from mh_batch.privacy.erasure.subject_rows import Found, documents_of, documents_with, find, table_files, texts_left
from mh_batch.pseudonyms import ErasureHashes, PseudonymKey, author_key

_DRAFTS = "erase"


@dataclass(frozen=True)
class Erased:
    """The outcome of an erasure.

    Attributes:
        documents: Distinct documents that left the root.
        runs: Folders within the root of the runs that held some of them, failed ones included.
        texts: Rows that left the score store, those included that no run can be shown to need.
    """

    documents: int
    runs: Sequence[str]
    texts: int


def erase(spark: SparkSession, root: Folder, key: PseudonymKey, subjects: Subjects, tombstone: bool = True) -> Erased:
    """Take what an output root holds of authors and documents out of store, runs, failed runs, outbox and reports.

    It holds the root's maintenance lease meanwhile; a caller that holds a lease itself, such as a run that has not yet
    looked up or scored a text, may call it within that. Whoever is killed on the way has it finished by the next call.

    Args:
        spark: A session under `run_settings`.
        root: The output root.
        key: The root's secret, as `root_key` finds it.
        subjects: Plain identifiers of authors and of documents.
        tombstone: Whether later runs are to reject them; without it, as after a withdrawn consent, they may come back.

    Raises:
        BusyError: somebody else works in the root.
        ErasureError: something of them was found afterwards, or a run's rows were not all accounted for.
    """
    with _alone(spark, OutputRoot(root), key) as work:
        work.finish_what_was_begun()
        return work.begin(subjects, tombstone)


def finish_erasure(spark: SparkSession, root: Folder, key: PseudonymKey) -> None:
    """Finish an erasure that was killed on the way, if there is one; errors as of `erase`.

    Args:
        spark: A session under `run_settings`.
        root: The output root.
        key: The root's secret.
    """
    if unfinished_erasure(root) is not None:
        with _alone(spark, OutputRoot(root), key) as work:
            work.finish_what_was_begun()


@contextmanager
def _alone(spark: SparkSession, root: OutputRoot, key: PseudonymKey) -> Iterator[_Erasure]:
    leases = Leases(root.folder)
    with output_access(root), leases.held("maintenance", "erase", within=True) as check_lease:
        check_key(root, key)
        remove_stale_files(root, leases)
        yield _Erasure(spark, root, key, check_lease)


@dataclass(frozen=True)
class _Erasure:
    spark: SparkSession
    root: OutputRoot
    key: PseudonymKey
    check_lease: Callable[[], None]

    def finish_what_was_begun(self) -> None:
        journal = unfinished_erasure(self.root.folder)
        if journal is not None:
            announce(
                f"finishing the erasure that was begun at {journal.at}, by pseudonyms: unless this is the same one, "
                "start the same erase again, since files that are named after persons are only known by their plain ids"
            )
            self.finish(journal)

    def begin(self, subjects: Subjects, tombstone: bool) -> Erased:
        files = table_files(self.root.folder)
        authors = frozenset(author_key(self.key, id) for id in subjects.authors)
        subject_filter = SubjectFilter(authors, subjects.docs | documents_of(files, authors))
        hashes = ErasureHashes.of(self.key, subjects.authors, subject_filter.documents)
        found, at = find(files, subject_filter), datetime.now(UTC)
        journal = ErasureJournal(
            new_run_id(at), at.isoformat(timespec="seconds"), authors, hashes.documents, found.losses
        )
        if tombstone:
            write_tombstones(self.root.folder, journal.id, hashes, at)
        journal.write(self.root.folder)
        return self._carry_out(
            journal, subject_filter, found, search_for(subject_filter.documents, authors, subjects.authors)
        )

    def finish(self, journal: ErasureJournal) -> Erased:
        files = table_files(self.root.folder)
        documents = documents_with(files, journal.documents, self.key) | documents_of(files, journal.authors)
        subject_filter = SubjectFilter(journal.authors, documents)
        return self._carry_out(
            journal, subject_filter, find(files, subject_filter), search_for(documents, journal.authors)
        )

    def _carry_out(
        self, journal: ErasureJournal, subject_filter: SubjectFilter, found: Found, search: IdentifierSearch
    ) -> Erased:
        root = self.root.folder
        announce(f"erasing {len(found.documents):,} documents from {len(journal.losses):,} runs")
        self.check_lease()
        self._rewrite_tables(subject_filter, search)
        announce("erasing texts from the score store")
        deleted = forget_unclaimed(self.spark, self.root)
        remove_identifiers(self.root, search)
        recount_rows(self.spark, self.root, journal)
        announce("writing reports again")
        write_reports_again(self.spark, self.root, journal, search)
        announce("searching every file for what was erased")
        theirs_only = found.texts - texts_left(table_files(root), found.texts)
        prove_erased(root, subject_filter, search_for(search.identifiers, theirs_only))
        runs = [run.removeprefix("runs/") for run in journal.losses]
        warn_of_copies(self.root, "what was erased has left this root", runs)
        journal_file(root).delete()
        return Erased(len(found.documents), tuple(journal.losses), deleted)

    def _rewrite_tables(self, subject_filter: SubjectFilter, search: IdentifierSearch) -> None:
        drafts = self.root.work(_DRAFTS)
        files = {table.file: table for table in table_files(self.root.folder)}
        left = rewrite_files(files, Removal(subject_filter, search), drafts)
        for file, rows in left.items():
            # A run's table needs a file that says its columns; elsewhere its name may be a person's.
            if rows == 0 and not files[file].run:
                file.delete()
        drafts.delete()
