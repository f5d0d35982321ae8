"""Settings of the commands on published runs and on the score store."""

from pydantic import Field

from mh_batch.settings.base import Names, Settings
from mh_batch.settings.scoring_settings import ReportOptions


class StoreSettings(Settings):
    """A score store; settings of `mh-batch store compact`."""

    output: str = Field(description="root folder of store and runs")


class StoreStatsSettings(StoreSettings):
    """Settings of `mh-batch store stats`."""

    as_json: bool = Field(False, alias="json", description="one JSON object per fingerprint")


class PruneSettings(StoreSettings):
    """Settings of `mh-batch store prune`."""

    fingerprint: Names = Field((), description="delete what was scored under these model fingerprints")
    unused: bool = Field(False, description="delete what was scored under fingerprints that no published run used")


class RunSettings(Settings):
    """A run of an output root; settings of `mh-batch validate`."""

    output: str = Field(description="root folder of store and runs")
    run: str = Field("latest", description="run id, or latest")


class RunsSettings(Settings):
    """Settings of `mh-batch runs`."""

    output: str = Field(description="root folder of store and runs")
    as_json: bool = Field(False, alias="json", description="one JSON object per run")


class ReportSettings(RunSettings, ReportOptions):
    """Settings of `mh-batch report`.

    The fields are the flags of the command, with underscores; each has its description.

    Raises:
        pydantic.ValidationError: a field is unknown, missing, or has a bad value.

    Example:
        >>> settings = ReportSettings(output="results", period="month", group_by="region,source", round_to=10)
        >>> settings.run, settings.group_by, settings.round_to
        ('latest', ('region,source',), 10)
    """


class PublishSettings(RunSettings):
    """Settings of `mh-batch publish`."""

    to: str = Field(
        description="place of the tables `scores` and `rejected`, a path or URI after its kind: delta:s3://bucket/mh"
    )
    remove: bool = Field(False, description="take the run out of the tables; also one that was retired")
