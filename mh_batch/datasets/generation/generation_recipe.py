"""A recipe of a generation, from YAML: languages, states, categories, lengths, characteristics and the prompt."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mh_batch.datasets.text_features import POST_BANDS, POST_SHARES, Band
from mh_batch.errors import RecipeError

PLACEHOLDERS = frozenset(
    {
        *("texts", "language", "shortest", "longest", "state_description", "category", "category_description"),
        *("age", "education", "formality", "context", "testimonials"),
    }
)

Outlook = Literal["positive", "negative"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class State(_Strict):
    """A state of mind: the label that its texts get, which side of each category it shows, and what it is."""

    label: Literal[0, 1]
    outlook: Outlook
    description: str


class Category(_Strict):
    """The topic of a text, as somebody well and somebody unwell sees it; each continues "the writer ..."."""

    positive: str
    negative: str

    def seen(self, outlook: Outlook) -> str:
        """Return the description of that side."""
        return self.positive if outlook == "positive" else self.negative


class Characteristics(_Strict):
    """Characteristics of a writer; one value of each is drawn for a prompt."""

    age: tuple[str, ...] = Field(min_length=1)
    education: tuple[str, ...] = Field(min_length=1)
    formality: tuple[str, ...] = Field(min_length=1)
    context: tuple[str, ...] = Field(min_length=1)


class GenerationRecipe(_Strict):
    """All that decides a plan, apart from the seed.

    Attributes:
        temperature: Null for models that take none.
        texts_per_language: Divided evenly among states and categories, and by `shares` among length bands.
        prompts_per_cell: Prompts for each language, state, category and band; their texts are divided among them.
        languages: Name in English by ISO 639-1 code.
        bands: Fewest and most words of each length band.
        testimonials: By language and state; they set the tone of a prompt.
    """

    model: str
    temperature: float | None = Field(ge=0, le=1)
    max_tokens: int = Field(ge=1)
    requests_per_batch: int = Field(ge=1, le=100_000)
    texts_per_language: int = Field(ge=1)
    prompts_per_cell: int = Field(ge=1)
    testimonials_per_prompt: int = Field(ge=0)
    longest_text_words: int = Field(ge=1)
    languages: dict[str, str] = Field(min_length=1)
    states: dict[str, State] = Field(min_length=1)
    categories: dict[str, Category] = Field(min_length=1)
    bands: tuple[Band, ...] = POST_BANDS
    shares: tuple[float, ...] = POST_SHARES
    characteristics: Characteristics
    testimonials: dict[str, dict[str, tuple[str, ...]]]
    system: str
    prompt: str

    @field_validator("prompt")
    @classmethod
    def _prompt_is_a_template(cls, prompt: str) -> str:
        template = Template(prompt)
        if not template.is_valid() or set(template.get_identifiers()) - PLACEHOLDERS:
            raise ValueError(f"a prompt may use $ with these names only: {', '.join(sorted(PLACEHOLDERS))}")
        return prompt

    @model_validator(mode="after")
    def _every_band_has_a_share(self) -> Self:
        if len(self.bands) != len(self.shares) or abs(sum(self.shares) - 1) > 1e-9:
            raise ValueError("each band needs a share, and the shares must sum to 1")
        edges = [edge for band in self.bands for edge in band]
        if edges != sorted(edges) or edges[0] < 1:
            raise ValueError("bands go from few words to many and do not overlap")
        return self

    @model_validator(mode="after")
    def _there_are_testimonials_enough(self) -> Self:
        for language in self.languages:
            for state in self.states:
                if len(self.testimonials.get(language, {}).get(state, ())) < self.testimonials_per_prompt:
                    raise ValueError(
                        f"'{language}' needs at least {self.testimonials_per_prompt} testimonials for '{state}'"
                    )
        return self


def load_generation_recipe(file: Path | None = None) -> GenerationRecipe:
    """Load the recipe that ships, with the keys of `file` in place of its own.

    Raises:
        RecipeError: the file cannot be read, or what comes of it does not hold together.
    """
    try:
        return GenerationRecipe.model_validate({**_shipped(), **_own(file)})
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc'])) or 'recipe'}: {one['msg']}" for one in error.errors()]
        raise RecipeError(f"the recipe {file or ''} does not hold together: {'; '.join(problems)}") from None


def _shipped() -> dict[str, Any]:
    folder = files("mh_batch.datasets.generation") / "recipes"
    spoken = {entry.name.removesuffix(".yaml"): _read(entry) for entry in (folder / "testimonials").iterdir()}
    return {**_read(folder / "depression.yaml"), "testimonials": spoken}


def _own(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        content = _read(file)
    except OSError as error:
        raise RecipeError(f"the recipe {file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise RecipeError(f"the recipe {file} is not valid YAML") from None
    if not isinstance(content, dict):
        raise RecipeError(f"the recipe {file} must hold keys and values")
    return content


def _read(file: Traversable) -> Any:  # noqa: ANN401 - whatever YAML can hold
    return yaml.safe_load(file.read_text(encoding="utf-8"))
