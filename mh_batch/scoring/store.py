"""The score store: what each text scored under each model fingerprint. Append-only."""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from mh_batch.storage import Folder
from mh_batch.validation import load_contract


class ScoreStore:
    """The part of the store that belongs to one model fingerprint.

    Each run appends to a folder of its own (`model=<fingerprint>/run=<run id>`): two runs that wrote to one folder
    would share Hadoop's `_temporary` folder, and the first to finish would delete the other's unfinished files.
    """

    def __init__(self, spark: SparkSession, root: Folder, fingerprint: str) -> None:
        """Point at `<root>/store/model=<fingerprint>`."""
        self._spark = spark
        self._folder = root / "store" / f"model={fingerprint}"
        self._schema = load_contract("store").spark_schema()

    def scored(self) -> DataFrame:
        """Return one row per text that was scored: `content_key, probabilities, n_tokens, n_windows`."""
        return self._rows("*").where(F.col("failure").isNull()).drop("failure").dropDuplicates(["content_key"])

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
