"""Settings of the commands that make data sets."""

from math import isclose
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from mh_batch.settings.base import Settings

Share = Annotated[float, Field(gt=0, lt=1)]


class GenerateSettings(Settings):
    """Settings of `mh-batch generate`."""

    output: Path = Field(description="folder for texts, refusals, summary and what a resumed run needs; one plan each")
    provider: Literal["anthropic", "template"] = Field(
        description="who writes: Anthropic's Message Batches API, or our own phrase grammar, offline and free"
    )
    recipe: Path | None = Field(None, description="YAML file whose keys replace those of the recipe that ships")
    texts_per_language: int | None = Field(None, ge=1, description="texts to ask for; the recipe's if unset")
    seed: int = Field(42, description="seed of every draw: same recipe, same seed, same plan")
    dry_run: bool = Field(False, description="say how many requests, tokens and dollars it would be, and send nothing")
    max_cost: float | None = Field(None, gt=0, description="do not start if the estimate in US dollars is higher")
    base_url: str | None = Field(None, description="address of the API, for a proxy")
    poll_seconds: float = Field(30.0, gt=0, description="seconds between two looks at batches that are being processed")
    settle_seconds: float = Field(
        60.0, ge=0, description="seconds that the API may take to list a batch whose creation it could not confirm"
    )


class PrepareSettings(Settings):
    """Settings of `mh-batch prepare`."""

    recipe: str = Field(description="name of a shipped recipe, or a YAML file")
    data: Path | None = Field(None, description="folder that the recipe's paths start from")
    output: Path = Field(description="folder for the splits and the data card; must not exist yet")
    overwrite: bool = Field(False, description="replace a data set that is there already")
    seed: int = Field(42, ge=0, le=2**31, description="seed of every draw")
    shares: tuple[Share, Share, Share] = Field(
        (0.7, 0.2, 0.1), description="shares of train, validation and test: 0.7 0.2 0.1"
    )
    near_copies: Literal["remove", "keep"] = Field(
        "remove", description="take near-copies out, or keep them together in one split"
    )
    threshold: float = Field(
        0.7, ge=0.5, le=0.95, description="Jaccard index of shingles from which on two texts are near-copies"
    )
    spark: bool = Field(False, description="look for near-copies with Spark, whatever the number of rows")
    spark_above: int = Field(500_000, ge=1, description="look for near-copies with Spark from so many rows on")

    @field_validator("shares")
    @classmethod
    def _sum_to_one(cls, shares: tuple[float, float, float]) -> tuple[float, float, float]:
        if not isclose(sum(shares), 1):
            raise ValueError(f"the shares must sum to 1, not {sum(shares):g}")
        return shares
