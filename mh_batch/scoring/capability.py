"""What the machines that run the tasks can do."""

from pyspark.sql import SparkSession

from mh_batch.inference.execution import Precision, best_precision
from mh_batch.scoring.worker import device_of_task
from mh_batch.settings import Device


def executors_precision(spark: SparkSession, device: Device) -> Precision:
    """Return the precision that an executor computes fastest; all are taken to be alike."""

    def probe(_: int) -> Precision:
        return best_precision(device_of_task(device))

    if (spark.sparkContext.master or "").startswith("local"):
        return probe(0)
    return spark.sparkContext.parallelize([0], 1).map(probe).first()
