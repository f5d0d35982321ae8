"""Rows of a table that an earlier version held too, in other files: updates and compactions write them anew."""

import numpy as np
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from mh_batch.sources.snapshots import Positions

# Two hashes of 64 bits together: among 10^9 rows no two different ones are taken for the same.
_HASHES = ("__first", "__second")


def carried_over(now: DataFrame, before: DataFrame) -> Positions:
    """Return the places of the rows of `now` that stand in `before`; of equal rows, as many as stand there.

    Args:
        now: Documents, with `place`.
        before: Documents of the files that the earlier version held instead.
    """
    pairs = _numbered(now).join(_numbered(before).drop("place"), [*_HASHES, "number"], "left_semi")
    places = pairs.select("place").toArrow()["place"]
    return np.sort(places.to_numpy().astype(np.int64))


def _numbered(documents: DataFrame) -> DataFrame:
    values = [F.col(name) for name in documents.columns if name not in ("place", "source_file", "source_row")]
    # Spark's hash passes over nulls: without their places a value would count as that of the next column.
    lacking = F.concat(*[F.when(value.isNull(), "0").otherwise("1") for value in values])
    hashes = [F.xxhash64(F.lit(number), lacking, *values).alias(name) for number, name in enumerate(_HASHES)]
    order = Window.partitionBy(*_HASHES).orderBy("place")
    return documents.select("place", *hashes).withColumn("number", F.row_number().over(order))
