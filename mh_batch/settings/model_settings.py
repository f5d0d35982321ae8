"""Settings of the commands that make, show and try models."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mh_batch.common.flags import Argument
from mh_batch.settings.base import Names, Settings, as_list

DEFAULT_MODEL = "xlmr-depression-mini"


class ModelsSettings(Settings):
    """Settings of `mh-batch models`."""

    name: Annotated[str | None, Argument(is_positional=True)] = Field(None, description="show this model's card")
    models_dir: Path | None = Field(None, description="folder with one sub-folder per model")


class ClassifySettings(Settings):
    """Settings of `mh-batch classify`."""

    text: Annotated[Names, Argument(is_positional=True)] = Field(
        (), description="texts; lines of standard input if none is given"
    )
    model: Annotated[Names, Argument(is_repeated=True)] = Field(
        (DEFAULT_MODEL,), description=f"card, hub name or folder; may be repeated (default: {DEFAULT_MODEL})"
    )
    models_dir: Path | None = Field(None, description="folder with one sub-folder per model")
    as_json: bool = Field(False, alias="json", description="one JSON object per text and model")


class TrainSettings(Settings):
    """Settings of `mh-batch train`."""

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


class ExportSettings(Settings):
    """Settings of `mh-batch export`."""

    model: str = Field(description="card name, hub name (owner/model@revision) or local folder")
    models_dir: Path | None = Field(None, description="folder with one sub-folder per model, where there is no hub")
    output: Path = Field(description="folder to make; `--model` takes it afterwards")
    precision: Annotated[tuple[Literal["fp32", "int8"], ...], BeforeValidator(as_list), Field(min_length=1)] = Field(
        ("fp32", "int8"), description="graphs to write: fp32 int8"
    )
