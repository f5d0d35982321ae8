"""Keeps in the score store only what runs show to be of somebody who was not erased."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from mh_batch.output.layout import OutputRoot
from mh_batch.output.store import ScoreStore
from mh_batch.privacy.erasure.tables import run_folders


def forget_unclaimed(spark: SparkSession, root: OutputRoot) -> int:
    """Delete what the store says of texts that no document of a published or failed run has.

    Rows of the store have no author. A text may stay where a document that is left has it, which is somebody else's:
    who wrote any other cannot be told, so it may be of those who were erased. At worst it is scored again.

    Returns:
        The number of rows deleted.
    """
    claimed = _claimed(spark, root)
    deleted = 0
    for fingerprint in root.fingerprints():
        store = ScoreStore(spark, root, fingerprint)
        if unclaimed := store.unclaimed(claimed):
            store.compact(claimed)
            deleted += unclaimed
    return deleted


def _claimed(spark: SparkSession, root: OutputRoot) -> DataFrame:
    scores = [
        (run / "scores" / model).spark_pattern for run in run_folders(root.folder) for model in (run / "scores").names()
    ]
    tables = [path for path in scores if "/model=" in path]
    schema = "content_key string"
    keys = spark.read.schema(schema).parquet(*tables) if tables else spark.createDataFrame([], schema)
    return keys.distinct()
