"""What a task of the inference stage is given that other tasks do not need: a GPU, or several cores."""

from pyspark.resource import ResourceProfile, ResourceProfileBuilder, TaskResourceRequests
from pyspark.sql import SparkSession

from mh_batch.errors import UsageError
from mh_batch.settings import Device

_GPUS_OF_EXECUTOR = "spark.executor.resource.gpu.amount"
_GPUS_OF_TASK = "spark.task.resource.gpu.amount"


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
    conf = spark.sparkContext.getConf()
    if (spark.sparkContext.master or "").startswith("local"):
        if task_cores is not None:
            raise UsageError("--task-cores needs a cluster: in local mode every task has one core")
        return None
    gpus = int(conf.get(_GPUS_OF_EXECUTOR, "0"))
    if device == "cuda" and gpus == 0:
        raise UsageError(f"--device cuda, but executors have no GPU: set {_GPUS_OF_EXECUTOR} and a discovery script")
    # Where every task is given a GPU, or a part of one, that was somebody's choice.
    wants_gpu = device != "cpu" and gpus > 0 and conf.get(_GPUS_OF_TASK, None) is None
    if not wants_gpu and task_cores is None:
        return None
    requests = TaskResourceRequests()
    if wants_gpu:
        requests.resource("gpu", 1)
    cores = int(conf.get("spark.executor.cores", "1"))
    requests.cpus(task_cores or max(1, cores // gpus))
    return ResourceProfileBuilder().require(requests).build
