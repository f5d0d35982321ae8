"""What a nightly run's lookup costs as the score store grows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mh_batch.benchmark.sizes import measure_sizes

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_ASKED = 10_000
_WARM_UP = 100_000
_TEXTS_PER_FILE = 1_000_000


@dataclass(frozen=True)
class LookupFigures:
    """What it took to look up some texts, of which the store knows every second one.

    Attributes:
        texts: Texts that the store knows.
        bytes: Size of its files.
        seconds: Time of the lookup.
    """

    texts: int
    bytes: int
    seconds: float


def measure_lookups(sizes: Sequence[int], output: Path, say: Callable[[str], None]) -> str:
    """Look up 10,000 texts in made-up stores of so many texts each; return a table. The stores are deleted again."""
    figures = measure_sizes(measure_lookup, sizes, _WARM_UP, output / "lookup.json", say)
    lines = ["| texts in the store | MB | seconds | million texts/s |", "|--:|--:|--:|--:|"]
    return "\n".join(lines + [_row(one) for one in figures]) + "\n"


def measure_lookup(folder: Path, texts: int) -> LookupFigures:
    """Measure one lookup in a store of so many texts, as a run makes it."""
    from pyspark.sql import functions as F

    from mh_batch.output.layout import OutputRoot
    from mh_batch.output.store import ScoreStore
    from mh_batch.spark.session import run_settings, start_session

    spark = start_session("mh-batch benchmark")
    with run_settings(spark):
        root = OutputRoot.at(str(folder / "output"))
        store = ScoreStore(spark, root, "made-up")
        store.append(_made_up(spark, texts), "made-up")
        step = max(1, 2 * texts // _ASKED)
        # Every second number lies beyond those of the store.
        numbers = spark.range(_ASKED).select(F.expr(f"IF(id % 2 = 0, id div 2 * {step}, {texts} + id)").alias("id"))
        started = time.monotonic()
        found = store.lookup(F.broadcast(numbers.select(_key()))).toArrow()
        seconds = time.monotonic() - started
    if found.num_rows != min(texts, _ASKED // 2):
        raise AssertionError(f"{found.num_rows:,} of {_ASKED // 2:,} known texts were found")
    size = sum(file.stat().st_size for file in (folder / "output").rglob("*.parquet"))
    shutil.rmtree(folder / "output")
    return LookupFigures(texts, size, seconds)


def _made_up(spark: SparkSession, texts: int) -> DataFrame:
    from pyspark.sql import functions as F

    numbers = spark.range(0, texts, numPartitions=-(-texts // _TEXTS_PER_FILE)).withColumn("share", F.rand(1))
    return numbers.select(
        _key(),
        F.array(F.lit(1) - F.col("share"), "share").alias("probabilities"),
        (F.col("id") % 400).alias("n_tokens"),
        F.lit(1).cast("long").alias("n_windows"),
        F.lit(None).cast("string").alias("failure"),
    )


def _key() -> Column:
    from pyspark.sql import functions as F

    return F.left(F.sha2(F.col("id").cast("string"), 256), F.lit(32)).alias("content_key")


def _row(one: LookupFigures) -> str:
    rate = one.texts / one.seconds / 1e6
    return f"| {one.texts:,} | {one.bytes / 1e6:,.0f} | {one.seconds:.2f} | {rate:.1f} |"
