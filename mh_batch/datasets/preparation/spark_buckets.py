"""Buckets of possible near-copies, found by Spark: for more texts than one process should hash."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from mh_batch.datasets.preparation.near_copies import Buckets, FindBuckets
from mh_batch.datasets.preparation.shingles import shingled
from mh_batch.datasets.preparation.signatures import band_keys

_KEYED = "place long, band int, band_key long"


def spark_buckets(spark: SparkSession) -> FindBuckets:
    """Return what finds the same buckets as `local_buckets` in the workers of a session."""

    def find(texts: Sequence[str], kind: int, threshold: float, seed: int) -> Buckets:
        table = pa.table({"place": pa.array(range(len(texts)), pa.int64()), "text": pa.array(texts, pa.string())})

        def keyed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield _keyed(batch, kind, threshold, seed)

        frame = spark.createDataFrame(table).repartition(spark.sparkContext.defaultParallelism)
        buckets = frame.mapInArrow(keyed, _KEYED).groupBy("band", "band_key").agg(F.collect_list("place").alias("places"))
        return _as_buckets(buckets.where(F.size("places") > 1).select(F.sort_array("places").alias("places")).toArrow())

    return find


def _keyed(batch: pa.RecordBatch, kind: int, threshold: float, seed: int) -> pa.RecordBatch:
    places = batch["place"].to_numpy()
    found = list(shingled(batch["text"].to_pylist(), kind))
    keys = band_keys([shingles for _, shingles in found], threshold, seed)
    own = places[[place for place, _ in found]] if found else places[:0]
    columns = {
        "place": np.repeat(own, keys.shape[1]),
        "band": np.tile(np.arange(keys.shape[1], dtype=np.int32), len(keys)),
        "band_key": keys.ravel(),
    }
    return pa.RecordBatch.from_pydict(columns)


def _as_buckets(table: pa.Table) -> Buckets:
    lists = table["places"].combine_chunks()
    sizes = np.diff(lists.offsets.to_numpy())
    members = lists.flatten().to_numpy()
    return members.astype(np.int64), np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
