"""Settings of the evaluation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from mh_batch.errors import nearest
from mh_batch.settings.base import Names, Settings, as_list
from mh_batch.settings.scoring_settings import Device, EngineChoice, PrecisionChoice

_OF_LABELS = "label_"


class EvaluationSettings(Settings):
    """Settings of `mh-batch evaluate`."""

    model: Names = Field(min_length=1, description="card names, hub names (owner/model@revision) or local folders")
    data: Names = Field(min_length=1, description="Parquet files or folders of labelled texts")
    output: Path = Field(Path("evaluation"), description="folder for tables, comparison and page")
    models_dir: Path | None = Field(None, description="folder with one sub-folder per model, where there is no hub")
    columns: Mapping[str, str] = Field(
        default_factory=dict, description="where the data names its columns otherwise: text=body,label=class"
    )
    positive: str | None = Field(
        None,
        description="label that the column label tells of, and its values that mean it: depressed=severe,moderate; "
        "unset, 1 means depressed, and names of labels mean themselves",
    )
    engine: Annotated[tuple[EngineChoice, ...], BeforeValidator(as_list)] = Field(
        ("auto",), min_length=1, description="what runs the models; several are compared: exact onnx"
    )
    precision: Annotated[tuple[PrecisionChoice, ...], BeforeValidator(as_list)] = Field(
        ("fp32",), min_length=1, description="what they compute in; several are compared: fp32 int8"
    )
    device: Device = Field("auto", description="auto takes the GPU if there is one, else the CPU")
    token_budget: int | None = Field(
        None, ge=16, description="padded tokens in one batch of the model; by the memory at hand if unset"
    )
    threshold_criterion: str | None = Field(
        None,
        description="choose thresholds on --validation by f1, youden, precision>=0.9, recall>=0.9 or cost=5 (a miss "
        "costs five false alarms); those of the cards if unset",
    )
    validation: Names = Field((), description="labelled texts to choose thresholds on, none of --data")
    draws: int = Field(1000, ge=100, description="bootstrap samples behind the intervals, at least 100")
    seed: int = Field(0, ge=0, description="of the bootstrap")
    no_speed: bool = Field(False, description="measure no latency and throughput")
    speed_texts: int = Field(200, ge=10, description="texts to measure the latency on, one at a time")
    reproduces: str | None = Field(
        None, description="the data is that of this published table: xlmr-depression-test or depression-detection"
    )
    keep_predictions: bool = Field(False, description="also write probabilities by doc_id; no text")
    write_card: Path | None = Field(
        None, description="card to write the measured error rates into, such as MODEL/mh_batch_card.yaml"
    )
    spark: bool = Field(False, description="score on Spark, however few rows there are")
    spark_rows: int = Field(100_000, ge=1, description="more rows than this are scored on Spark")

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, columns: Mapping[str, str]) -> Mapping[str, str]:
        from mh_batch.contracts import load_contract

        known = [name for name in load_contract("labelled").names if "{" not in name]
        for name in columns:
            if name not in known and not (name.startswith(_OF_LABELS) and name != _OF_LABELS):
                raise ValueError(f"'{name}' is no column of labelled data; {nearest(name, known)}")
        return columns

    @model_validator(mode="after")
    def _criterion_has_rows(self) -> Self:
        if (self.threshold_criterion is None) != (not self.validation):
            raise ValueError(
                "--threshold-criterion and --validation need each other: thresholds are not chosen on --data"
            )
        if set(self.validation) & set(self.data):
            raise ValueError("--validation and --data share a file: thresholds must be chosen on other rows")
        return self
