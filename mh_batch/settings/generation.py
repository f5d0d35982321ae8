"""Settings of the generator."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from mh_batch.settings.base import Settings


class GenerateSettings(Settings):
    """What `mh-batch generate` asks for, and of whom."""

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
