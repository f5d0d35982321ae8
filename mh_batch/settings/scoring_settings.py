"""Settings of the commands that score and report."""

import datetime
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import AwareDatetime, Field, ValidationInfo, field_serializer, field_validator, model_validator

from mh_batch.errors import UsageError, nearest
from mh_batch.settings.base import Names, Settings
from mh_batch.sources import Input, parse_input

Period = Literal["day", "week", "month"]
Device = Literal["auto", "cpu", "cuda"]
EngineChoice = Literal["auto", "exact", "reference", "onnx"]
PrecisionChoice = Literal["auto", "fp32", "bf16", "fp16", "int8"]
UndeterminedLanguage = Literal["score", "reject"]

# As Spark's own `spark.redaction.regex` has it, and addresses with a password in them.
_SECRET = re.compile(
    r"(?i)secret|pass(word|wd|phrase)|token|access[._]?key|credential|://[^@\s]*:[^@\s]*@"
    r"|(pwd|key|sig|auth|authorization)\s*="
)

_GROUPS = ("day", "week", "month", "language", "region", "source")


class ReportOptions(Settings):
    """Choices of what a report shows, and what it keeps to itself."""

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
    """Settings of `mh-batch score`.

    The fields are the flags of the command, with underscores; each has its description. One name may stand for a list.

    Raises:
        pydantic.ValidationError: a field is unknown, missing, or has a bad value.

    Example:
        >>> settings = ScoreSettings(
        ...     input="posts.parquet",
        ...     output="results",
        ...     model="xlmr-depression-mini",
        ...     columns={"doc_id": "id", "text": "body"},
        ...     consent_basis="texts written for this example",
        ... )
        >>> settings.model, settings.period, settings.min_authors
        (('xlmr-depression-mini',), 'week', 20)
    """

    input: Names = Field(
        (),
        description="Parquet, CSV or JSON Lines files, folders or globs, or tables (delta:PATH, "
        "iceberg:CATALOG.DB.TABLE, table:DB.NAME) that hold the documents",
    )
    format: str | None = Field(
        None, min_length=1, description="format of the inputs, any that Spark has code for: csv, json, orc, jdbc ..."
    )
    option: Mapping[str, str] = Field(
        default_factory=dict, description="for Spark's reader of this format, as sep=; or encoding=latin1"
    )
    output: str = Field(description="root folder of store and runs")
    model: Names = Field(min_length=1, description="card names, hub names (owner/model@revision) or local folders")
    models_dir: Path | None = Field(None, description="folder with one sub-folder per model, where there is no hub")
    columns: Mapping[str, str] = Field(
        default_factory=dict, description="where the corpus names its columns otherwise: text=body,doc_id=id"
    )
    consent_basis: str | None = Field(
        None, min_length=3, description="ground on which the texts may be used, where the corpus has no consent column"
    )
    consent: str | None = Field(
        None, min_length=1, description="consent ledger, Parquet or CSV: who granted and withdrew what, and when"
    )
    consent_as_of: AwareDatetime | None = Field(
        None,
        description="read the ledger as of this time, such as 2026-03-01T00:00:00Z; as of the run's start if unset",
    )
    threshold: Mapping[str, Annotated[float, Field(gt=0, lt=1)]] = Field(
        default_factory=dict, description="probability from which a label is given, over the card's: depressed=0.6"
    )
    max_text_chars: int = Field(1_000_000, ge=1, description="longer texts are rejected, in characters")
    # Most such texts are the shortest ones of the corpus' own languages, and a cry for help may be two words.
    undetermined_language: UndeterminedLanguage = Field(
        "score", description="what becomes of texts too short to tell their language, where a model names languages"
    )
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
    device: Device = Field(
        "auto", description="auto takes this machine's GPUs, on a cluster those that executors have, else the CPU"
    )
    task_cores: int | None = Field(
        None,
        ge=1,
        description="cores of each task that runs the model, on a cluster; one, or its GPU's share, if unset",
    )
    metrics: str | None = Field(None, description="file to append one JSON line per stage to; - for standard output")
    key_file: Path | None = Field(
        None,
        description="file with the pseudonyms' key; MH_BATCH_PSEUDONYM_KEY, or <output>/pseudonym.key, made once",
    )
    share_with_group: bool = Field(
        False, description="let the group of the output's files read them too, all but the key; else their owner only"
    )

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs, parsed; UsageError if one names nothing."""
        return tuple(parse_input(one, self.format, self.option) for one in self.input or ("",))

    @field_serializer("option")
    def _options_without_secrets(self, option: Mapping[str, str]) -> Mapping[str, str]:
        """Options may hold a password or a key, which must not stand in a manifest."""
        return {name: "(withheld)" if _SECRET.search(f"{name}={value}") else value for name, value in option.items()}

    @model_validator(mode="after")
    def _something_is_read(self) -> Self:
        if not self.input and self.format is None:
            raise ValueError("the setting 'input' is missing (--input)")
        try:
            inputs = self.inputs
        except UsageError as error:
            raise ValueError(str(error)) from None
        if self.option and not any(one.options for one in inputs):
            raise ValueError("--option is for Spark's reader of files that are not Parquet: say which with --format")
        return self

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, columns: Mapping[str, str]) -> Mapping[str, str]:
        from mh_batch.contracts import load_contract

        known = load_contract("documents").names
        for name in columns:
            if name not in known:
                raise ValueError(f"'{name}' is no column of a document; {nearest(name, known)}")
        return columns

    @model_validator(mode="after")
    def _one_thing_says_who_consents(self) -> Self:
        if self.consent is None and self.consent_as_of is not None:
            raise ValueError("--consent-as-of says when to read a consent ledger: name the ledger with --consent")
        if self.consent is not None and self.consent_basis is not None:
            raise ValueError("a consent ledger says whose texts may be used: give --consent or --consent-basis")
        return self


class NightlySettings(ScoreSettings):
    """Settings of `mh-batch nightly`."""

    table_rows: Literal["new", "all"] = Field(
        "new", description="of tables that keep versions, read what is new since the last night, or all rows"
    )

    date: datetime.date | None = Field(
        None, description="date of the night, which stands for {date} in the inputs; today's (UTC) if unset"
    )
    keep_runs: int | None = Field(None, ge=1, description="published runs, and failed ones, to keep; all if unset")


class DemoSettings(Settings):
    """Settings of `mh-batch demo`."""

    output: Path = Field(Path("demo"), description="folder of the demo (default: demo)")
    documents: int = Field(3000, description="size of the corpus")
