"""Typed, frozen settings: a YAML file and flags fill the same fields."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from mh_batch.errors import SettingsError, nearest

Period = Literal["day", "week", "month"]
Device = Literal["auto", "cpu", "cuda"]
EngineChoice = Literal["auto", "exact", "reference", "onnx"]
PrecisionChoice = Literal["auto", "fp32", "bf16", "fp16", "int8"]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | Path | int) else value


_GROUPS = ("day", "week", "month", "language", "region", "source")

S = TypeVar("S", bound=BaseModel)
Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Sizes = Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(_as_list)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReportOptions(_Settings):
    """What a report shows, and what it keeps to itself."""

    period: Period = Field("week", description="period that the report groups by")
    group_by: Names = Field(
        (), description="also count these crossings of period, language, region and source: region,week source,language"
    )
    min_authors: int = Field(20, ge=1, description="groups of fewer authors are not shown, nor what gives them away")
    round_to: int | None = Field(
        None, ge=2, description="round all counts of the report to multiples of this, at most --min-authors"
    )
    dp_epsilon: float | None = Field(
        None, gt=0, description="show only counts of authors, with noise: the budget of differential privacy"
    )
    dp_max_groups: int = Field(
        4, ge=1, description="groups of one crossing that an author counts in, with --dp-epsilon"
    )
    against: str | None = Field(None, description="run id to compare with; the run before if unset")
    fail_on_drift: bool = Field(
        False, description="exit with code 4 if the report flags a change; what was written stays"
    )

    @field_validator("group_by")
    @classmethod
    def _dimensions_are_known(cls, group_by: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        period = info.data.get("period")
        for name in (name.strip() for crossing in group_by for name in crossing.split(",")):
            if name not in _GROUPS:
                raise ValueError(f"'{name}' is nothing to group by; {nearest(name, _GROUPS)}")
            if period and name in get_args(Period) and name != period:
                raise ValueError(
                    f"a report groups dates by one period, here by {period}; with two of them their differences would "
                    f"give small groups away: say --period {name}, or name the {period}"
                )
        return group_by

    @field_validator("round_to")
    @classmethod
    def _rounding_leaves_something(cls, round_to: int | None, info: ValidationInfo) -> int | None:
        least = info.data.get("min_authors")
        if round_to is not None and least is not None and round_to > least:
            raise ValueError(f"groups of {least} authors, which --min-authors lets pass, would be rounded to nothing")
        return round_to


class ScoreSettings(ReportOptions):
    """What `mh-batch score` does."""

    input: Names = Field(min_length=1, description="Parquet files, folders or globs that hold the documents")
    output: str = Field(description="root folder of store and runs")
    model: Names = Field(min_length=1, description="card names, hub names (owner/model@revision) or local folders")
    models_dir: Path | None = Field(None, description="folder with one sub-folder per model, where there is no hub")
    columns: Mapping[str, str] = Field(
        default_factory=dict, description="where the corpus names its columns otherwise: text=body,doc_id=id"
    )
    consent_basis: str | None = Field(
        None, min_length=3, description="ground on which the texts may be used, where the corpus has no consent column"
    )
    threshold: Mapping[str, Annotated[float, Field(gt=0, lt=1)]] = Field(
        default_factory=dict, description="probability from which a label is given, over the card's: depressed=0.6"
    )
    max_text_chars: int = Field(1_000_000, ge=1, description="longer texts are rejected, in characters")
    max_failed_share: float = Field(
        0.01, ge=0, le=1, description="share of texts that a model may fail on before the run counts as failed"
    )
    max_bad_files: int = Field(
        0, ge=0, description="input files that cannot be read are left out, and named, as long as they are no more"
    )
    engine: EngineChoice = Field("auto", description="what runs the model; auto takes the fastest that fits it")
    precision: PrecisionChoice = Field("auto", description="auto takes what the executors compute fastest, never int8")
    token_budget: int | None = Field(
        None, ge=16, description="padded tokens in one batch of the model; by the memory at hand if unset"
    )
    partitions: int | None = Field(None, ge=1, description="tasks to spread the texts over; by their size if unset")
    device: Device = Field("auto", description="auto takes the GPU that Spark gave the task, else the CPU")
    task_cores: int | None = Field(
        None,
        ge=1,
        description="cores of each task that runs the model, on a cluster; one, or its GPU's share, if unset",
    )
    metrics: str | None = Field(None, description="file to append one JSON line per stage to; - for standard output")
    key_file: Path | None = Field(
        None, description="file with the secret key of the pseudonyms; <output>/pseudonym.key, made once, if unset"
    )

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, columns: Mapping[str, str]) -> Mapping[str, str]:
        from mh_batch.validation import load_contract

        known = load_contract("documents").names
        for name in columns:
            if name not in known:
                raise ValueError(f"'{name}' is no column of a document; {nearest(name, known)}")
        return columns


class NightlySettings(ScoreSettings):
    """What `mh-batch nightly` does."""

    date: datetime.date | None = Field(
        None, description="date of the night, which stands for {date} in the inputs; today's (UTC) if unset"
    )
    keep_runs: int | None = Field(None, ge=1, description="published runs, and failed ones, to keep; all if unset")


class StoreSettings(_Settings):
    """Where a score store lies."""

    output: str = Field(description="root folder of store and runs")


class PruneSettings(StoreSettings):
    """What `mh-batch store prune` deletes."""

    fingerprint: Names = Field((), description="delete what was scored under these model fingerprints")
    unused: bool = Field(False, description="delete what was scored under fingerprints that no published run used")


class RunSettings(_Settings):
    """Names one run, as `mh-batch validate` needs it."""

    output: str = Field(description="root folder of store and runs")
    run: str = Field("latest", description="run id, or latest")


class ReportSettings(RunSettings, ReportOptions):
    """What `mh-batch report` does."""


class BenchmarkSettings(_Settings):
    """What `mh-batch benchmark` measures."""

    output: Path = Field(Path("benchmark"), description="folder for the table, the figures, the plot and the logs")
    model: str = Field("xlmr-depression-mini", description="card, hub name or local folder to run")
    models_dir: Path | None = Field(None, description="folder with one sub-folder per model, where there is no hub")
    random: Literal["xlm-roberta-base", "longformer-base"] | None = Field(
        None, description="run random weights of this size instead, with --tokenizer"
    )
    tokenizer: Path | None = Field(None, description="folder with tokenizer.json and tokenizer_config.json")
    texts: Path | None = Field(None, description="Parquet file with a column text; synthetic posts if unset")
    documents: int = Field(20_000, ge=1, description="at most so many texts")
    peers: Literal["none", "basic", "all"] = Field(
        "basic", description="whom to measure against; all makes an environment for those that need one"
    )
    contestants: Names = Field((), description="measure these only")
    shapes: Names = Field((), description="also measure batches of these shapes, windows x tokens: 16x64 1x4096")
    agreement: Annotated[tuple[Literal["bf16", "fp16", "int8"], ...], BeforeValidator(_as_list)] = Field(
        (), description="also compare what these precisions say of all texts with what fp32 says: bf16 int8"
    )
    pipeline: Sizes = Field(
        (), description="measure, instead, what the job costs apart from the model, with so many documents: 1000000"
    )
    lookup: Sizes = Field(
        (), description="measure, instead, what a lookup costs in a score store of so many texts: 1000000 10000000"
    )
    report: Sizes = Field(
        (), description="measure, instead, what a report costs over so many scored documents: 10000000"
    )
    rounds: int = Field(3, ge=1, description="rounds; figures are medians over them")
    round_seconds: float = Field(10.0, gt=0, description="how long a round of one contestant lasts, about")
    threads: int | None = Field(None, ge=1, description="threads or Spark tasks side by side; all cores if unset")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where to compute")


def load_settings(kind: type[S], file: Path | None, flags: Mapping[str, Any]) -> S:
    """Fill settings from a YAML file and from flags; flags win.

    Raises:
        SettingsError: a key is unknown or a value bad; the message names the nearest right key.
    """
    merged = {**(_read(file) if file else {}), **flags}
    try:
        return kind.model_validate(merged)
    except ValidationError as error:
        problems = [_explain(kind, problem) for problem in error.errors(include_url=False)]
        raise SettingsError("; ".join(problems)) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the configuration file {file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"the configuration file {file} is not valid YAML: {_where(error)}") from None
    if content is not None and not isinstance(content, dict):
        raise SettingsError(f"the configuration file {file} must hold keys and values")
    return {str(key).replace("-", "_"): value for key, value in (content or {}).items()}


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else type(error).__name__


def _explain(kind: type[BaseModel], problem: Any) -> str:  # noqa: ANN401 - pydantic's error details are a loose dict
    path = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        return f"unknown setting '{path[0]}': {nearest(path[0], kind.model_fields)}"
    if problem["type"] == "missing":
        return f"the setting '{path[0]}' is missing (--{path[0].replace('_', '-')})"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "literal_error":
        choices = problem["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        message = f"'{problem['input']}' is none of them: {nearest(str(problem['input']), choices)}"
    return f"bad value for '{'.'.join(path)}': {message}"
