"""Decides in Spark what may be used, for millions of rows: somebody grants it, and nobody who speaks refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame, SparkSession, functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from mh_batch.common.arrow import map_distinct
from mh_batch.common.filesystem import Folder, file_system_of
from mh_batch.consent.events import GRANTED, WITHDRAWN, events_schema, refuse_copies
from mh_batch.consent.files import LedgerFiles
from mh_batch.consent.rules import RESEARCH, ConsentRule

# An error names some rows, not all.
_COPIES_SOUGHT = 100

# So many ids fit into the memory of every executor, and are sent to where the documents are read.
_IDS_TO_SEND = 2_000_000


@dataclass(frozen=True)
class ResearchConsent:
    """Research consent of each subject of a ledger.

    Attributes:
        authors: `author_key, says`: granted or withdrawn.
        docs: `doc_id, says`.
    """

    authors: DataFrame
    docs: DataFrame


def read_events(spark: SparkSession, files: LedgerFiles, pseudonym: Callable[[bytes], str], work: Folder) -> DataFrame:
    """Return a ledger's events, from a copy that stays as the ledger is now and names no author.

    Args:
        spark: The session.
        files: The ledger.
        pseudonym: From an author's id in UTF-8 to the author key.
        work: Folder for the copy.

    Returns:
        Rows of the contract `consent`, with `author_key` instead of `author_id`.

    Raises:
        LedgerError: a file cannot be read, changed meanwhile, or breaks the contract.
    """
    file_system, path = file_system_of(work.uri)
    file_system.create_dir(path, recursive=True)
    names = [name.replace("author_id", "author_key") for name in events_schema().names]
    schema = pa.schema([field.with_name(name) for field, name in zip(events_schema(), names, strict=True)])
    with pq.ParquetWriter(f"{path}/events.parquet", schema, filesystem=file_system) as copy:
        for table in files.tables():
            keys = map_distinct(table["author_id"].combine_chunks(), pseudonym)
            copy.write_table(table.set_column(0, "author_id", keys).rename_columns(names))
    events = spark.read.schema(from_arrow_schema(schema)).parquet(work.spark_pattern)
    _refuse_copies(events)
    return events.drop("file", "row")


def _refuse_copies(events: DataFrame) -> None:
    content = [name for name in events.columns if name not in ("file", "row")]
    repeated = events.groupBy(*content).agg(F.count("*").alias("times"), F.max(F.struct("file", "row")).alias("last"))
    refuse_copies(repeated.where("times > 1").select("last.*").limit(_COPIES_SOUGHT).toPandas())


def research_consent(events: DataFrame, as_of: datetime, now: datetime) -> ResearchConsent:
    """Return the research consent of the subjects of a ledger, which is what each said last.

    Args:
        events: What `read_events` returns.
        as_of: Later events do not exist, but for withdrawals that stand now: they count whatever the moment.
        now: The present.
    """
    about = events.where(F.col("scope") == RESEARCH)
    says = F.when(_last_event(now) == WITHDRAWN, WITHDRAWN).otherwise(_last_event(as_of)).alias("says")
    authors, docs = (
        about.where(F.col(name).isNotNull()).groupBy(name).agg(says).where("says is not null")
        for name in ("author_key", "doc_id")
    )
    return ResearchConsent(authors, docs)


def _last_event(moment: datetime) -> Column:
    is_known = F.col("at") <= F.lit(moment)
    order = F.struct("at", F.col("event") == WITHDRAWN)
    return F.max_by(F.when(is_known, F.col("event")), F.when(is_known, order))


def keep_out(documents: DataFrame, consent: ResearchConsent) -> DataFrame:
    """Decide for each document whether a ledger, too, lets it be used.

    Args:
        documents: With `doc_id, author_key, consent` and `kept_out`, the rule by which its own consent keeps it out.
        consent: What the ledger says.

    Returns:
        The documents; `kept_out` is the first `ConsentRule` that keeps each out, null where it may be used.
    """
    authors = _to_join(consent.authors.withColumnRenamed("says", "author_says"))
    docs = _to_join(consent.docs.withColumnRenamed("says", "doc_says"))
    heard = documents.join(authors, "author_key", "left").join(docs, "doc_id", "left")
    rules = [
        F.when(F.col("author_says") == WITHDRAWN, ConsentRule.WITHDRAWN_BY_AUTHOR.value),
        F.when(F.col("doc_says") == WITHDRAWN, ConsentRule.WITHDRAWN_FOR_DOCUMENT.value),
        F.col("kept_out"),
        F.when(~_is_granted(), ConsentRule.NOT_GRANTED.value),
    ]
    return heard.withColumn("kept_out", F.coalesce(*rules)).drop("author_says", "doc_says")


def _is_granted() -> Column:
    grants = [F.array_contains("consent", RESEARCH), F.col("author_says") == GRANTED, F.col("doc_says") == GRANTED]
    return F.coalesce(F.greatest(*grants), F.lit(False))


def _to_join(subjects: DataFrame) -> DataFrame:
    return F.broadcast(subjects) if subjects.count() <= _IDS_TO_SEND else subjects
