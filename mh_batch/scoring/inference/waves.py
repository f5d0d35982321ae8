"""Jobs of as many tasks as this machine has GPUs, one after the other: Spark's local mode gives no task a GPU."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from pyspark.sql import DataFrame, functions as F

from mh_batch.spark import TaskPlan, persist_on_executors, unpersist

# What a wave is made of: tasks of the plan.
TOKENS_PER_PART = 1_000_000
# On each GPU. The first wave tells how fast they are.
_FIRST_TOKENS = 5_000_000
# What a wave has scored is durable when it ends. A new one costs about a second, in which the GPUs have nothing to do.
_SECONDS = 90.0

# Two runs of one driver take turns: each of their workers keeps a GPU to itself.
_gpus_of_this_machine = threading.Lock()


def in_waves(texts: DataFrame, plan: TaskPlan, gpus: int, score: Callable[[DataFrame], None]) -> None:
    """Give `score` all texts, as many tables as there are waves, of one partition for each GPU.

    Args:
        texts: With the number of their `task`.
        plan: Says how many tasks there are.
        gpus: Partitions of each wave.
        score: Scores texts, and returns when they are scored.
    """
    one_wave = plan.tokens <= _FIRST_TOKENS * gpus
    with _gpus_of_this_machine, nullcontext(texts) if one_wave else _clustered(texts, plan) as table:
        for tasks in waves(plan, gpus):
            wave = table.where(F.col("task").between(tasks.start, tasks.stop - 1))
            by_gpu = wave.withColumn("gpu", F.col("task") % gpus).repartitionById(gpus, "gpu")
            score(by_gpu.drop("task", "gpu"))


def waves(plan: TaskPlan, gpus: int) -> Iterator[range]:
    """Yield the tasks of the plan that each wave carries out, which is done when the next one is asked for."""
    start, size = 0, math.ceil(_FIRST_TOKENS * gpus / plan.tokens * plan.tasks)
    while start < plan.tasks:
        end = min(start + max(1, math.ceil(size / gpus)) * gpus, plan.tasks)
        began = time.monotonic()
        yield range(start, end)
        size = round((end - start) / max(time.monotonic() - began, 1e-9) * _SECONDS)
        start = end


@contextmanager
def _clustered(texts: DataFrame, plan: TaskPlan) -> Iterator[DataFrame]:
    """Keep texts by task: Spark notes of each stretch which tasks it holds, and passes over those of other waves."""
    clustered = persist_on_executors(texts.repartitionById(plan.tasks, "task"))
    try:
        clustered.count()  # now, not as a part of the first wave, whose time is taken
        yield clustered
    finally:
        unpersist(clustered)
