"""Tables that are written because they are needed more than once."""

from pyspark.sql import DataFrame

from mh_batch.storage import Folder


def keep(table: DataFrame, folder: Folder) -> DataFrame:
    """Write a table, over what an earlier attempt left there, and return it as it was written."""
    table.write.mode("overwrite").parquet(folder.spark_uri)
    return table.sparkSession.read.schema(table.schema).parquet(folder.spark_uri)
