"""Settings of the command that copies runs to where others query them."""

from pydantic import Field

from mh_batch.settings.runs import RunSettings


class PublishSettings(RunSettings):
    """Settings of `mh-batch publish`."""

    to: str = Field(
        description="place of the tables `scores` and `rejected`, a path or URI after its kind: delta:s3://bucket/mh"
    )
    remove: bool = Field(False, description="take the run out of the tables; also one that was retired")
