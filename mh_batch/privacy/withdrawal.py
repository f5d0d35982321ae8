"""A run's consent ledger: whose texts it may use, and who has withdrawn what earlier runs scored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch.common.console import announce
from mh_batch.common.filesystem import Folder
from mh_batch.consent import WITHDRAWN, LedgerFiles, ResearchConsent, Subjects, read_events, research_consent
from mh_batch.corpus import RejectionReason
from mh_batch.errors import UsageError
from mh_batch.output import OutputRoot
from mh_batch.privacy.erasure import erase
from mh_batch.pseudonyms import PseudonymKey, hasher
from mh_batch.settings import ScoreSettings
from mh_batch.spark import materialize


@dataclass(frozen=True)
class RunLedger:
    """The ledger that a run heeds.

    Attributes:
        files: Where it lies.
        digest: SHA-256 of its files.
        as_of: Which grants and withdrawals exist.
        now: When the run began: what is withdrawn by then stays out, whatever `as_of` is.
    """

    files: LedgerFiles
    digest: str
    as_of: datetime
    now: datetime

    @classmethod
    def named(cls, settings: ScoreSettings) -> RunLedger | None:
        """Find the ledger that the settings name; None if they name none.

        Raises:
            LedgerError: there is none at the location.
            UsageError: it is to be read as of a time that is still to come.
        """
        if settings.consent is None:
            return None
        now = datetime.now(UTC)
        if settings.consent_as_of is not None and settings.consent_as_of > now:
            raise UsageError("--consent-as-of lies in the future: nobody knows what will have been withdrawn by then")
        files = LedgerFiles.at(settings.consent)
        return cls(files, files.digest(), settings.consent_as_of or now, now)

    def apply_withdrawals(
        self, spark: SparkSession, root: OutputRoot, key: PseudonymKey, work: Folder
    ) -> ResearchConsent:
        """Take out of the root what has been withdrawn, and return what the ledger says of the texts to come.

        Args:
            spark: The session.
            root: Store and runs, under a lease of the caller's.
            key: Secret of the root's pseudonyms.
            work: Folder for what the ledger says.

        Raises:
            LedgerError: the ledger breaks its contract.
        """
        events = read_events(spark, self.files, hasher(key, "author"), work / "events")
        gone = self._withdrawn(research_consent(events, self.now, self.now), held_in(spark, root), key)
        if gone:
            work.delete()  # nothing in the root is to name them
            remove(spark, root, key, gone)
            events = read_events(spark, self.files, hasher(key, "author"), work / "events")
        consent = research_consent(events, self.as_of, self.now)
        return ResearchConsent(materialize(consent.authors, work / "authors"), materialize(consent.docs, work / "docs"))

    def _withdrawn(self, consent: ResearchConsent, held: DataFrame, key: PseudonymKey) -> Subjects:
        """The subjects who have withdrawn, of those that the root holds something of."""
        keys = _in_both(consent.authors, held, "author_key")
        return Subjects(frozenset(self._names(keys, key)), frozenset(_in_both(consent.docs, held, "doc_id")))

    def _names(self, keys: Collection[str], key: PseudonymKey) -> Iterator[str]:
        """The ids of the authors who have these keys: the ledger has them, the root does not."""
        pseudonym = hasher(key, "author")
        for events in self.files.tables() if keys else ():
            for name in pc.unique(events["author_id"]).drop_null().to_pylist():
                if pseudonym(name.encode()) in keys:
                    yield name

    def as_dict(self) -> dict[str, str]:
        """For the manifest."""
        return {
            "ledger": self.files.location,
            "digest": f"sha256:{self.digest}",
            "as_of": self.as_of.astimezone(UTC).isoformat(timespec="seconds"),
        }


def held_in(spark: SparkSession, root: OutputRoot) -> DataFrame:
    """Return `author_key, doc_id` of what runs scored or rejected, failed ones included, and of what followed from it.

    Rows that say that consent was lacking are not among them: they account for what was read.
    """
    runs = [*map(root.run, root.published()), *map(root.failed, root.failed_runs())]
    tables = [run / "scores" / model for run in runs for model in (run / "scores").names()]
    scored = _read(spark, "author_key string, doc_id string", tables)
    rejected = _read(
        spark,
        "author_key string, doc_id string, reason string",
        [run / "rejected" for run in runs if (run / "rejected").exists()],
    )
    others = rejected.where(F.col("reason") != RejectionReason.NO_CONSENT.value).drop("reason")
    issued = root.folder / "outbox" / "issued"
    followed = _read(spark, "author_key string, evidence array<struct<doc_id string>>", [issued] * issued.exists())
    return scored.unionByName(others).unionByName(
        followed.select("author_key", F.explode_outer("evidence.doc_id").alias("doc_id"))
    )


def _read(spark: SparkSession, schema: str, tables: Sequence[Folder]) -> DataFrame:
    if not tables:
        return spark.createDataFrame([], schema)
    # A writer that was killed, or is writing now, has files there that are not whole.
    whole = spark.read.schema(schema).option("pathGlobFilter", "*.parquet")
    return whole.parquet(*[table.spark_pattern for table in tables])


def remove(spark: SparkSession, root: OutputRoot, key: PseudonymKey, subjects: Subjects) -> None:
    """Remove what a root holds of those who have withdrawn; a later grant lets their texts in again.

    Args:
        spark: The session.
        root: The output root.
        key: The root's secret.
        subjects: Plain identifiers of those who have withdrawn.
    """
    announce(
        f"consent of {len(subjects.authors):,} authors and for {len(subjects.docs):,} documents was withdrawn: "
        "what earlier runs scored of them leaves the store, the runs and their reports"
    )
    erase(spark, root.folder, key, subjects, tombstone=False)


def _in_both(subjects: DataFrame, held: DataFrame, name: str) -> set[str]:
    withdrawn = subjects.where(F.col("says") == WITHDRAWN).select(name)
    rows = withdrawn.join(held.select(name).distinct(), name, "left_semi").collect()
    return {row[name] for row in rows}
