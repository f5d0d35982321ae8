"""Training recipes: where a model starts from, and the stages that it goes through."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mh_batch.errors import SettingsError, UsageError, nearest
from mh_batch.models.card import Fold

Architecture = Literal["xlm-roberta", "longformer"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Student(_Frozen):
    """The shape of a new small model with a vocabulary of its own."""

    architecture: Architecture
    pieces: int = Field(ge=300, description="pieces of its vocabulary")
    width: int = 256
    layers: int = 2
    heads: int = 4
    inner: int = 512
    window: int = Field(64, description="attention window of a Longformer, in tokens")
    embedding_scale: float = Field(0.1, description="standard deviation of the first word embeddings")


class Distillation(_Frozen):
    """Targets that a student takes from a teacher besides the labels, whose own weight is 1."""

    embeddings: bool = Field(True, description="word embeddings start from the teacher's")
    answers: float = Field(0.0, ge=0, description="weight of the divergence from the teacher's probabilities")
    temperature: float = Field(2.0, gt=0, description="at which these are compared")
    summary: float = Field(0.0, ge=0, description="weight of the distance from the teacher's summary of a text")
    summary_of: Literal["first_token", "all_tokens"] = Field(
        "first_token", description="its last state, or the means of the states of all tokens at four depths"
    )
    panel: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share that a panel's soft labels have in the labels known; they fill in the unknown",
    )
    tokens: int = Field(128, ge=8, description="the teacher reads texts up to so many tokens")

    @property
    def asks(self) -> bool:
        """Whether the teacher is asked about texts."""
        return self.answers > 0 or self.summary > 0 or self.panel > 0


class Augmentation(_Frozen):
    """Texts besides the prepared ones, and noise on all of them."""

    fragments: int = Field(0, ge=0, description="passages of training texts for the teacher to label")
    unlabelled: int = Field(2000, ge=0, description="texts of each further file and language for the teacher to label")
    seed: int = Field(0, ge=0, description="of what is made or drawn; the training's own seed changes none of it")
    journals: int = Field(0, ge=0, description="long texts joined from training texts, with labels from their parts")
    journal_words: int = Field(256, ge=8, description="their longest, in words")
    mask: float = Field(0.0, ge=0, lt=1, description="share of the tokens hidden")
    positions: int | None = Field(
        None, ge=8, description="every other batch stands at a random place among so many; further ones repeat them"
    )


class Stage(_Frozen):
    """One training on one prepared data set; its labels and whether they exclude each other are the data set's.

    Defaults are those of Hugging Face's `Trainer`.
    """

    name: str
    learns_from: tuple[Literal["train", "validation"], ...] = Field(
        ("train",), description="splits; with validation among them nothing can be chosen by it, nor its curve drawn"
    )
    epochs: float = Field(3, gt=0)
    batch: int = Field(16, ge=1, description="texts in a batch")
    order: Literal["random", "long_to_short"] = Field(
        "random", description="of the batches, which hold texts of like lengths; or from long to short, again and again"
    )
    learning_rate: float = 5e-5
    weight_decay: float = 0.0
    decay_embeddings: bool = Field(True, description="whether word embeddings decay too")
    adam_beta2: float = Field(0.999, gt=0, lt=1)
    warm_up: float = Field(0.0, ge=0, lt=1, description="share of the steps in which the learning rate rises")
    schedule: Literal["linear", "cosine"] = "linear"
    class_weights: Literal["none", "balanced"] = Field("none", description="balanced: rare labels count more")
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    best_by: str | None = Field(None, description="measure on the validation split by which the best epoch is kept")
    patience: int | None = Field(None, ge=1, description="epochs without improvement after which training ends")
    least_improvement: float = 0.0
    average: float = Field(0.0, ge=0, lt=1, description="share of the running mean of the weights kept every ten steps")
    tokens: int | None = Field(None, ge=8, description="texts are cut to so many tokens; the model's longest if unset")
    augmentation: Augmentation = Augmentation()
    distillation: Distillation = Distillation(embeddings=False)

    @model_validator(mode="after")
    def _validation_is_for_one_thing(self) -> Self:
        if self.best_by and "validation" in self.learns_from:
            raise ValueError("a stage that learns from the validation split cannot choose its best epoch by it")
        return self


class CardFacts(_Frozen):
    """Facts for the card of the trained model that cannot be measured."""

    title: str
    negative_label: str | None = None
    overlap: int = Field(0, ge=0)
    fold: Fold = "max"
    licence: str = "not stated"
    citation: str = ""
    intended_use: str = ""
    limits: str = ""


class TrainingRecipe(_Frozen):
    """A whole training."""

    name: str
    description: str
    weights: Literal["fp32", "fp16"] = Field("fp32", description="in which the model is saved")
    start: str | Student = Field(description="a checkpoint (hub name or folder), or the shape of a new model")
    tokens: int = Field(ge=8, description="longest input, with special tokens")
    stages: tuple[Stage, ...] = Field(min_length=1)
    card: CardFacts

    @model_validator(mode="after")
    def _stages_differ(self) -> Self:
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise ValueError(f"stages need names of their own, not {', '.join(names)}")
        return self


def load_training_recipe(name: str, changes: Mapping[str, Any] | None = None) -> TrainingRecipe:
    """Load a recipe that ships with the package, or a YAML file.

    Args:
        name: Name of a shipped recipe, or path of a file.
        changes: Values for all stages, over the recipe's.

    Raises:
        UsageError: there is no such recipe.
        SettingsError: the file says something that a recipe cannot say.
    """
    content = _content(name)
    stages = [{**stage, **(changes or {})} for stage in content.get("stages", [])]
    try:
        return TrainingRecipe.model_validate({**content, "stages": stages})
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)]
        raise SettingsError(f"the recipe {name} cannot be followed: {'; '.join(problems)}") from None


def shipped_training_recipes() -> list[str]:
    """Names of the recipes in the package."""
    entries = (files("mh_batch.training") / "recipes").iterdir()
    return sorted(entry.name.removesuffix(".yaml") for entry in entries if entry.name.endswith(".yaml"))


def _content(name: str) -> dict[str, Any]:
    if name in shipped_training_recipes():
        text = (files("mh_batch.training") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    elif Path(name).is_file():
        text = Path(name).read_text(encoding="utf-8")
    else:
        raise UsageError(
            f"no recipe '{name}': {nearest(name, shipped_training_recipes())}; or give the path of a YAML file"
        )
    content = yaml.safe_load(text)
    if not isinstance(content, dict):
        raise SettingsError(f"the recipe {name} must hold keys and values")
    return content
