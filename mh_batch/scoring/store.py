"""The score store: what each text scored under each model fingerprint. Append-only."""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from mh_batch.storage import Folder
from mh_batch.validation import load_contract


class ScoreStore:
    """The part of the store that belongs to one model fingerprint.

    Each run appends to a folder of its own (`model=<fingerprint>/run=<run id>`): two runs that wrote to one folder
    would share Hadoop's `_temporary` folder, and the first to finish would delete the other's unfinished files.

    A lookup reads the keys of the whole fingerprint once, and nothing else of rows that it does not want. What it looks
    for is sent to where the store is read, unless that is much: then both are brought together by key.
    """

    def __init__(self, spark: SparkSession, root: Folder, fingerprint: str) -> None:
        """Point at `<root>/store/model=<fingerprint>`."""
        self._spark = spark
        self._folder = root / "store" / f"model={fingerprint}"
        self._schema = load_contract("store").spark_schema()

    @property
    def is_empty(self) -> bool:
        """Whether no run has written anything."""
        return not self._folder.names()

    def lookup(self, keys: DataFrame) -> DataFrame:
        """Return what the store says of these texts, as it stands now.

        Args:
            keys: Rows of `content_key`.

        Returns:
            One row per text that was scored: `content_key, probabilities, n_tokens, n_windows`.
        """
        return one_per_text(_scored(self._rows("*").join(keys, "content_key", "left_semi")))

    def of_run(self, run_id: str) -> DataFrame:
        """Return what a run scored, by the same columns; a text may stand there twice."""
        return _scored(self._rows(run_id))

    def failures(self, run_id: str) -> DataFrame:
        """Return the texts that a run could not score: `content_key, failure`."""
        failed = self._rows(run_id).where(F.col("failure").isNotNull())
        return failed.groupBy("content_key").agg(F.min("failure").alias("failure"))

    def append(self, rows: DataFrame, run_id: str) -> None:
        """Append a run's rows. Each finished task is durable, so a run that is killed leaves what it has done.

        That is what version 2 of Hadoop's commit algorithm does: a task moves its files into place when it ends.
        """
        rows.write.mode("append").option("mapreduce.fileoutputcommitter.algorithm.version", "2").parquet(
            (self._folder / f"run={run_id}").spark_uri
        )

    def _rows(self, run: str) -> DataFrame:
        runs = [name.removeprefix("run=") for name in self._folder.names()]
        paths = [(self._folder / f"run={name}").spark_uri for name in runs if run in ("*", name)]
        if not paths:
            return self._spark.createDataFrame([], self._schema)
        return self._spark.read.schema(self._schema).parquet(*paths)


def one_per_text(scored: DataFrame) -> DataFrame:
    """Keep one row of each text: two runs that worked side by side may have scored the same one."""
    return scored.dropDuplicates(["content_key"])


def _scored(rows: DataFrame) -> DataFrame:
    return rows.where(F.col("failure").isNull()).drop("failure")
