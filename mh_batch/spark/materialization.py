"""Tables that are kept because they are needed more than once."""

from contextlib import suppress

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from mh_batch.common.filesystem import Folder


def materialize(table: DataFrame, folder: Folder) -> DataFrame:
    """Write a table, over what an earlier attempt left there, and return it as it was written."""
    table.write.mode("overwrite").parquet(folder.spark_uri)
    return table.sparkSession.read.schema(table.schema).parquet(folder.spark_pattern)


def persist_on_executors(table: DataFrame) -> DataFrame:
    """Have Spark keep a table when it is computed, until it is let go.

    In Spark's own block files, beside its shuffle files: memory stays flat however large the table is, and what Spark
    encrypts and deletes there it encrypts and deletes here. So this may hold texts, which no folder of ours may.
    """
    return table.persist(StorageLevel.DISK_ONLY)


def unpersist(table: DataFrame) -> None:
    """Delete what `persist_on_executors` kept."""
    with suppress(Exception):  # a session that is gone has deleted it, and what led here is to be told
        table.unpersist()
