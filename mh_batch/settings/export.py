"""Settings of the export."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mh_batch.settings.base import Settings, as_list


class ExportSettings(Settings):
    """What `mh-batch export` writes."""

    model: str = Field(description="card name, hub name (owner/model@revision) or local folder")
    models_dir: Path | None = Field(None, description="folder with one sub-folder per model, where there is no hub")
    output: Path = Field(description="folder to make; `--model` takes it afterwards")
    precision: Annotated[tuple[Literal["fp32", "int8"], ...], BeforeValidator(as_list), Field(min_length=1)] = Field(
        ("fp32", "int8"), description="graphs to write: fp32 int8"
    )
