"""Model cards: what code needs and a reader wants to know of a model, in the package and in model folders."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mh_batch.errors import ModelError
from mh_batch.models.inspection.untrusted_files import MOST_CHARS, NotPlainError, load_plain_yaml

Task = Literal["multi_label", "single_label"]
Fold = Literal["max", "mean"]
Label = Annotated[str, Field(pattern=r"^\w+$", max_length=100, description="part of columns' names, and of queries")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

CARD_FILE = "mh_batch_card.yaml"
_MOST_PROBLEMS = 5
_CORRECT = "Correct the card, or remove it"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hub(_Frozen):
    """The place of a checkpoint on the Hugging Face hub."""

    name: str
    revision: str = "main"
    sha256: Mapping[str, Sha256] = Field(default_factory=dict, description="digests of files of that revision, by name")


class ErrorRate(_Frozen):
    """Error rates of one label, measured on texts that the model never saw."""

    label: str
    language: str = Field(description="ISO 639-1 code, or 'all'")
    sensitivity: float = Field(ge=0, le=1)
    specificity: float = Field(ge=0, le=1)
    positives: int = Field(ge=0, description="labelled positive documents behind the sensitivity")
    negatives: int = Field(ge=0, description="labelled negative documents behind the specificity")


class ModelCard(_Frozen):
    """A model, as its YAML card in `mh_batch/models/cards/` describes it."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$", description="part of paths, and of URIs that Spark reads")
    title: str
    hub: Hub | None = None
    tokenizer: str | None = Field(None, description="hub name of the tokenizer, where the checkpoint carries none")
    task: Task
    labels: tuple[Label, ...] = Field(min_length=1, description="canonical labels, in the order of the outputs")
    aliases: Mapping[str, str] = Field(default_factory=dict, description="checkpoint spelling to canonical label")
    negative_label: str | None = Field(None, description="label that means: none of the indicators")
    indicates: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="other label to those of the model that stand for it in labelled data"
    )
    thresholds: Mapping[str, float] = Field(default_factory=dict)
    max_tokens: int = Field(ge=3, description="longest input, with special tokens")
    overlap: int = Field(0, ge=0, description="tokens that neighbouring windows share")
    fold: Fold = "max"
    languages: tuple[str, ...] = Field((), description="ISO 639-1 codes; empty where the card does not say")
    licence: str = "not stated"
    citation: str = ""
    trained_on: str = ""
    intended_use: str = ""
    limits: str = ""
    published_figures: Mapping[str, str] = Field(default_factory=dict)
    measured_figures: Mapping[str, str] = Field(default_factory=dict)
    error_rates: tuple[ErrorRate, ...] = ()

    @model_validator(mode="after")
    def _labels_agree(self) -> Self:
        named = [*self.thresholds, *(rate.label for rate in self.error_rates)]
        named += [label for indicating in self.indicates.values() for label in indicating]
        named += [self.negative_label] if self.negative_label else []
        unknown = sorted(set(named) - set(self.labels))
        if unknown:
            raise ValueError(f"labels {unknown} are not among {list(self.labels)}")
        # SQL does not distinguish columns by case.
        if len({label.lower() for label in self.labels}) < len(self.labels):
            raise ValueError("two outputs have the same label, or one that differs in case only")
        if self.overlap >= self.max_tokens - 2:
            raise ValueError("overlap leaves no room for new tokens in a window")
        return self

    def canonical(self, spelling: str) -> str:
        """Return the canonical label for a checkpoint's spelling of it."""
        key = spelling.strip().lower().replace(" ", "_").replace("-", "_")
        return self.aliases.get(spelling, self.aliases.get(key, key))


@cache
def load_cards() -> dict[str, ModelCard]:
    """Return the cards in `mh_batch/models/cards/` by name."""
    entries = sorted((files("mh_batch.models") / "cards").iterdir(), key=lambda entry: entry.name)
    cards = [ModelCard.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8"))) for entry in entries]
    return {card.name: card for card in cards}


def known_languages() -> tuple[str, ...]:
    """Return the languages that any card names, ISO 639-1: what texts are expected in."""
    return tuple(sorted({language for card in load_cards().values() for language in card.languages}))


def card_in(folder: Path) -> ModelCard | None:
    """Return the card that a model folder carries, or None; ModelError if it is not sound."""
    path = folder / CARD_FILE
    return read_card(path) if path.is_file() else None


def read_card(path: Path) -> ModelCard:
    """Read a card from a YAML file.

    Raises:
        ModelError: the file cannot be read, or what it says is no card.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(MOST_CHARS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"the card {path} cannot be read ({type(error).__name__})") from None
    return parse_card(text, str(path))


def card_as_yaml(card: ModelCard) -> str:
    """Return the content of a card's file: all that differs from the defaults."""
    content = card.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def parse_card(text: str, where: str) -> ModelCard:
    """Return the card that YAML describes; ModelError if it describes none, with what is wrong and `where`."""
    try:
        return ModelCard.model_validate(load_plain_yaml(text))
    except NotPlainError as error:
        raise ModelError(f"the card {where} is refused: {error}. {_CORRECT}") from None
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc'])) or 'card'}: {one['msg']}" for one in error.errors()]
        raise ModelError(f"the card {where} is not sound: {'; '.join(problems[:_MOST_PROBLEMS])}. {_CORRECT}") from None
