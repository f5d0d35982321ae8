"""Capabilities of the machines that run the tasks."""

from contextlib import nullcontext
from dataclasses import replace

from pyspark.sql import SparkSession

from mh_batch.errors import UsageError
from mh_batch.inference import Precision, best_precision
from mh_batch.settings import Device
from mh_batch.spark.devices import Placement, device_of_task
from mh_batch.spark.gpus import gpus_of_this_machine
from mh_batch.spark.python_workers import own_workers
from mh_batch.spark.resources import gpus_of_executors, inference_profile, is_local, shares_gpus

GPU_WORKERS = "gpu"


def find_placement(
    spark: SparkSession, device: Device, task_cores: int | None = None, asks_precision: bool = False
) -> Placement:
    """Settle where models compute.

    Args:
        spark: The session.
        device: "auto" takes the GPUs of this machine in local mode, and on a cluster those that executors have, else
            the CPU; "cuda" insists on GPUs.
        task_cores: As of `inference_profile`.
        asks_precision: Find out what is computed fastest there, which on a cluster takes a task; all executors are
            taken to be alike.

    Raises:
        UsageError: a GPU was asked for and there is none, or cores where tasks cannot be given any.
    """
    inference_profile(spark, device, task_cores)  # what cannot be done is said at once
    if not is_local(spark):
        on_gpus = device != "cpu" and gpus_of_executors(spark) > 0
        placement = Placement("cuda", exclusive=not shares_gpus(spark)) if on_gpus else Placement()
        return _probed(spark, placement, device, task_cores) if asks_precision else placement
    gpus = gpus_of_this_machine() if device != "cpu" else ()
    if device == "cuda" and not gpus:
        raise UsageError("--device cuda, but this machine has no GPU that PyTorch can use")
    if not gpus:
        return Placement(precision=best_precision("cpu") if asks_precision else None)
    # What all of them compute.
    precision: Precision = "bf16" if all(gpu.precision == "bf16" for gpu in gpus) else "fp16"
    names = tuple(gpu.name for gpu in gpus)
    return Placement("cuda", tuple(gpu.device for gpu in gpus), names, exclusive=True, precision=precision)


def _probed(spark: SparkSession, placement: Placement, device: Device, task_cores: int | None) -> Placement:
    """Look at an executor, from a task like those that run the model."""

    def probe(_: int) -> tuple[Precision, str | None]:
        import torch

        chosen = device_of_task(placement)
        return best_precision(chosen), torch.cuda.get_device_name(chosen) if placement.kind == "cuda" else None

    task = spark.sparkContext.parallelize([0], 1)
    profile = inference_profile(spark, device, task_cores)
    if profile is not None:
        task = task.withResources(profile)
    # CUDA keeps memory for whoever has begun to use it: only workers that will run the model may.
    with own_workers(spark.sparkContext, GPU_WORKERS) if placement.kind == "cuda" else nullcontext():
        precision, name = task.map(probe).first()
    return replace(placement, precision=precision, names=(name,) if name else ())
