"""Settings of the training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from mh_batch.settings.base import Names, Settings


class TrainSettings(Settings):
    """What `mh-batch train` does."""

    recipe: str = Field(description="name of a shipped recipe, or path of a YAML file")
    data: Mapping[str, Path] = Field(
        description="folder of the prepared data set of each stage: emotions=FOLDER states=FOLDER"
    )
    output: Path = Field(description="folder to make for the model; a training that was interrupted goes on")
    start: str | None = Field(None, description="checkpoint to start from (hub name or folder), over the recipe's")
    models_dir: Path | None = Field(None, description="folder with one sub-folder per model, where there is no hub")
    teacher: Path | None = Field(None, description="folder of a pretrained classifier that a small model learns from")
    teacher_answers: Path | None = Field(None, description="folder to keep its answers in, for further trainings")
    unlabelled: Names = Field((), description="Parquet files with a column text, for the teacher to judge")
    stages: Names = Field((), description="go through these stages only")
    epochs: float | None = Field(None, gt=0, description="epochs of every stage, over the recipe's")
    seed: int = Field(42, ge=0, description="of all chance")
    threads: int | None = Field(
        None, ge=1, description="threads of each process; the weights depend on it in their last digits; all if unset"
    )
    processes: int = Field(1, ge=1, description="share the work, started by Spark: on its cluster, or on this machine")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto takes the GPU if there is one")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="auto takes half precision where the machine has instructions for it"
    )
