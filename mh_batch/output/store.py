"""The score store: what each text scored under each model fingerprint. Append-only."""

import math

from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch.contracts import load_contract
from mh_batch.errors import StoreError
from mh_batch.output.layout import OutputRoot, new_run_id

# Some tens of megabytes, which one task reads in a few seconds.
_TEXTS_PER_FILE = 1_000_000


class ScoreStore:
    """The part of the store that belongs to one model fingerprint.

    Each run appends to a folder of its own (`model=<fingerprint>/run=<run id>`): two runs that wrote to one folder
    would share Hadoop's `_temporary` folder, and the first to finish would delete the other's unfinished files.

    A lookup reads the whole fingerprint once. Its keys are random, so no file or page could be passed over by a range
    or a bloom filter when thousands are looked for. What it looks for is sent to where the store is read, unless that
    is much: then both are brought together by key. `mh-batch benchmark --lookup` measures it.
    """

    def __init__(self, spark: SparkSession, root: OutputRoot, fingerprint: str) -> None:
        """Point at the part of an output root's store.

        Args:
            spark: The session.
            root: The output root.
            fingerprint: Of the model as it is run.
        """
        self._spark = spark
        self._folder = root.store(fingerprint)
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
            The texts that were scored: `content_key, probabilities, n_tokens, n_windows`. A text that two runs scored
            side by side stands there twice.
        """
        return _scored(self._rows("*").join(keys, "content_key", "left_semi"))

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

    def unclaimed(self, claimed: DataFrame) -> int:
        """Return how many rows the store has of texts that are not among the `content_key` of `claimed`."""
        return self._rows("*").join(claimed, "content_key", "left_anti").count()

    def compact(self, claimed: DataFrame | None = None) -> tuple[int, int]:
        """Put what many runs left in many files together in few, one row per text; failures are forgotten.

        Nobody else may use the store meanwhile. The old files are deleted when the new ones have been read again and
        hold every text: whoever is killed on the way leaves rows twice, which is harmless, and none lost.

        Args:
            claimed: Keep these texts only, by `content_key`; all if None.

        Returns:
            The number of files before and after.

        Raises:
            StoreError: the new files do not hold what the old ones do; they are deleted, and nothing is changed.
        """
        old = self._folder.names()
        before = self._rows("*")
        kept = _scored(before if claimed is None else before.join(claimed, "content_key", "left_semi"))
        texts = _one_per_text(kept)
        count = kept.agg(F.count_distinct("content_key")).first()
        assert count is not None
        files = max(1, math.ceil(count[0] / _TEXTS_PER_FILE))
        target = self._folder / f"run=compacted-{new_run_id()}"
        rows = texts.withColumn("failure", F.lit(None).cast("string")).select(*self._schema.names)
        # Keys are random digits: what is worth packing is that a digit is half a byte.
        rows.repartition(files, "content_key").write.option("compression", "zstd").parquet(target.spark_uri)
        if (written := self._spark.read.schema(self._schema).parquet(target.spark_pattern).count()) != count[0]:
            target.delete()
            raise StoreError(f"compaction wrote {written:,} of {count[0]:,} texts; the store is as it was")
        sizes = len(before.inputFiles()), files
        for name in old:
            (self._folder / name).delete()
        return sizes

    def _rows(self, run: str) -> DataFrame:
        runs = [name.removeprefix("run=") for name in self._folder.names()]
        paths = [(self._folder / f"run={name}").spark_pattern for name in runs if run in ("*", name)]
        if not paths:
            return self._spark.createDataFrame([], self._schema)
        return self._spark.read.schema(self._schema).parquet(*paths)


def _one_per_text(scored: DataFrame) -> DataFrame:
    return scored.dropDuplicates(["content_key"])


def _scored(rows: DataFrame) -> DataFrame:
    return rows.where(F.col("failure").isNull()).drop("failure")
