"""Buckets of possible near-copies, found by Spark: for more texts than one process should hash."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession, functions as F

from mh_batch.common.redaction import messages_withheld
from mh_batch.datasets.preparation.near_copies import Buckets, FindBuckets, Shingling, band_keys

_KEYED = "place long, band int, band_key long"


def spark_buckets(spark: SparkSession) -> FindBuckets:
    """Return what finds the same buckets as `local_buckets`, in the workers of a session."""

    def find(texts: Sequence[str], kind: Shingling, threshold: float, seed: int) -> Buckets:
        table = pa.table({"place": pa.array(range(len(texts)), pa.int64()), "text": pa.array(texts, pa.string())})
        keyed = partial(_keyed_batches, kind=kind, threshold=threshold, seed=seed)
        frame = spark.createDataFrame(table).repartition(spark.sparkContext.defaultParallelism)
        keys = frame.mapInArrow(keyed, _KEYED)
        buckets = keys.groupBy("band", "band_key").agg(F.sort_array(F.collect_list("place")).alias("places"))
        return _flat(buckets.where(F.size("places") > 1).select("places").toArrow())

    return find


def _keyed_batches(
    batches: Iterable[pa.RecordBatch], kind: Shingling, threshold: float, seed: int
) -> Iterator[pa.RecordBatch]:
    with messages_withheld():
        for batch in batches:
            yield _keyed(batch, kind, threshold, seed)


def _keyed(batch: pa.RecordBatch, kind: Shingling, threshold: float, seed: int) -> pa.RecordBatch:
    keys = band_keys(map(kind.shingles, batch["text"].to_pylist()), threshold, seed)
    texts, bands = keys.shape
    columns = {
        "place": np.repeat(batch["place"].to_numpy(), bands),
        "band": np.tile(np.arange(bands, dtype=np.int32), texts),
        "band_key": keys.ravel(),
    }
    return pa.RecordBatch.from_pydict(columns)


def _flat(table: pa.Table) -> Buckets:
    lists = table["places"].combine_chunks()
    return lists.flatten().to_numpy(), np.diff(lists.offsets.to_numpy()).astype(np.int64)
