"""A training shared by several processes: of this machine, or tasks of a Spark cluster."""

from __future__ import annotations

from pyspark.ml.torch.distributor import TorchDistributor
from pyspark.sql import SparkSession

from mh_batch.training.stage import Machine
from mh_batch.training.stages import Plan, train_stages


def train_together(spark: SparkSession, plan: Plan, machine: Machine) -> None:
    """Train by `machine.processes` processes, each on its share of every batch.

    Spark starts them side by side (Spark's `TorchDistributor`, which passes on where they find one another), with a
    GPU for each if `machine` has them. All must see the folders of the plan under the same paths.
    """
    local = (spark.sparkContext.master or "").startswith("local")
    distributor = TorchDistributor(machine.processes, local_mode=local, use_gpu=machine.device != "cpu")
    distributor.run(train_stages, plan, machine)
