"""Writes an archive of the classes that Spark loads, from which the JVMs of tests start.

`python -m tests.class_archive FILE`, as `make test` does where there is none yet.
Java (class data sharing) takes an archive that was made by another JVM, or of other files, for none at all.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession, Window, functions as F

from mh_batch.spark import run_settings, start_session
from tests.spark_settings import INTERPRETED, JVM_OPTIONS


def write_archive(file: Path) -> None:
    """Run queries such as those of a run in a JVM that writes the archive as it ends."""
    draft = file.absolute().with_name(f"{file.name}.draft")
    draft.unlink(missing_ok=True)
    os.environ["JAVA_TOOL_OPTIONS"] = f"{JVM_OPTIONS} -XX:ArchiveClassesAtExit={draft}"
    spark = start_session("archive of classes")
    gateway = spark.sparkContext._gateway
    assert gateway is not None
    for name, value in INTERPRETED.items():
        spark.conf.set(name, value)
    with run_settings(spark), tempfile.TemporaryDirectory() as folder:
        _query(spark, f"{folder}/table")
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(300)
    draft.replace(file)


def _query(spark: SparkSession, table: str) -> None:
    numbers = spark.range(100).withColumn("text", F.concat(F.lit("note "), F.col("id") % 7))
    numbers.mapInArrow(_unchanged, numbers.schema).write.partitionBy("text").parquet(table)
    read = spark.read.parquet(table)
    by_text = read.groupBy("text").agg(F.count("*").alias("number"), F.countDistinct("id").alias("ids"))
    ranked = read.withColumn("rank", F.row_number().over(Window.partitionBy("text").orderBy("id")))
    ranked.join(by_text, "text").join(F.broadcast(numbers.select("id")), "id", "left_semi").persist().toPandas()
    spark.createDataFrame([("a", 1)], "name string, number int").collect()


def _unchanged(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return iter(batches)


if __name__ == "__main__":
    write_archive(Path(sys.argv[1]))
