"""The device that a model computes on: settled on the driver, and for each task by what Spark gave it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pyspark import SparkFiles, TaskContext

from mh_batch.errors import PlatformError
from mh_batch.spark.claims import claimed_gpu

if TYPE_CHECKING:
    from mh_batch.inference import Execution, Precision

_CLAIMS = "gpu-claims"


@dataclass(frozen=True)
class Placement:
    """The place where the tasks of the inference stage compute.

    Attributes:
        kind: As PyTorch calls it.
        gpus: This machine's ("cuda:N"), among which its workers choose; none on a cluster, where Spark gives them.
        names: What the GPUs are, as far as that was asked.
        exclusive: Each worker keeps a GPU to itself; not where Spark was told to share them.
        precision: What is computed fastest there; None if that was not asked.
    """

    kind: Literal["cpu", "cuda"] = "cpu"
    gpus: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    exclusive: bool = False
    precision: Precision | None = None

    def of(self, execution: Execution) -> Placement:
        """Return where a model that is run like this computes: ONNX Runtime stays on the CPU."""
        on_cpu = execution.engine == "onnx"
        return replace(self, kind="cpu", gpus=(), names=(), exclusive=False) if on_cpu else self

    def __str__(self) -> str:
        """For people."""
        if self.kind == "cpu":
            return "on the CPU"
        named = f" ({', '.join(dict.fromkeys(self.names))})" if self.names else ""
        return f"on {', '.join(self.gpus) or 'the GPUs of the executors'}{named}"


def device_of_task(placement: Placement) -> str:
    """Return the PyTorch device of the running task.

    Raises:
        PlatformError: the task was to be given a GPU and was not, or none is free.
    """
    if placement.kind == "cpu":
        return "cpu"
    candidates = placement.gpus or _given()
    if not placement.exclusive:
        return candidates[0]
    return claimed_gpu(candidates, Path(SparkFiles.getRootDirectory()) / _CLAIMS, or_others=not placement.gpus)


def _given() -> tuple[str, ...]:
    context = TaskContext.get()
    given = context.resources().get("gpu") if context else None
    if given is None:
        raise PlatformError("the model was to run on a GPU, but Spark gave its task none")
    return tuple(f"cuda:{address}" for address in given.addresses)
