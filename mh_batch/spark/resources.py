"""Resources of the inference stage's tasks that others do not need: a GPU, or several cores."""

from pyspark.resource import ResourceProfile, ResourceProfileBuilder, TaskResourceRequests
from pyspark.sql import SparkSession

from mh_batch.errors import UsageError
from mh_batch.settings import Device

_GPUS_OF_EXECUTOR = "spark.executor.resource.gpu.amount"
_GPUS_OF_TASK = "spark.task.resource.gpu.amount"


def is_local(spark: SparkSession) -> bool:
    """Whether driver and tasks are one process, which knows neither resources nor profiles."""
    return (spark.sparkContext.master or "").startswith("local")


def gpus_of_executors(spark: SparkSession) -> int:
    """The number of GPUs that Spark was told each executor has."""
    return int(spark.sparkContext.getConf().get(_GPUS_OF_EXECUTOR, "0"))


def shares_gpus(spark: SparkSession) -> bool:
    """Whether Spark was told what part of a GPU every task is given, which is then somebody's choice."""
    return spark.sparkContext.getConf().get(_GPUS_OF_TASK, None) is not None


def inference_profile(spark: SparkSession, device: Device, task_cores: int | None) -> ResourceProfile | None:
    """Return the profile of the inference stage, or None where its tasks are like all others.

    Executors stay as they are: their GPUs go to this stage's tasks, one each, and the stages before and after it run on
    all cores meanwhile.

    Args:
        spark: The session.
        device: "auto" takes GPUs where executors have some, "cuda" insists on one.
        task_cores: Cores of each task; an equal share of the executor's for each of its GPUs if None.

    Raises:
        UsageError: a GPU was asked for and executors have none, or cores where tasks cannot be given any.
    """
    if is_local(spark):
        if task_cores is not None:
            raise UsageError("--task-cores needs a cluster: in local mode every task has one core")
        return None
    gpus = gpus_of_executors(spark)
    if device == "cuda" and gpus == 0:
        raise UsageError(f"--device cuda, but executors have no GPU: set {_GPUS_OF_EXECUTOR} and a discovery script")
    wants_gpu = device != "cpu" and gpus > 0 and not shares_gpus(spark)
    if not wants_gpu and task_cores is None:
        return None
    requests = TaskResourceRequests()
    if wants_gpu:
        requests.resource("gpu", 1)
    cores = int(spark.sparkContext.getConf().get("spark.executor.cores", "1"))
    requests.cpus(task_cores or max(1, cores // gpus))
    return ResourceProfileBuilder().require(requests).build
