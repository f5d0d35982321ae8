"""A recipe of a data set: its sources, what they claim about which labels, and how the rows are split."""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from mh_batch.datasets.grammar import LANGUAGES
from mh_batch.datasets.preparation.label_rules import Condition, LabelRule
from mh_batch.errors import SettingsError, UsageError, nearest
from mh_batch.settings.base import Settings, read_yaml

Dimension = Literal["language", "label", "category", "length_band", "source"]
CommonColumn = Literal["doc_id", "text", "language", "author", "category"]


class HubDataset(Settings):
    """A data set of the Hugging Face hub, at a revision that does not change."""

    name: str
    revision: str = Field(min_length=7)
    config: str | None = None
    split: str = "train"


class Source(Settings):
    """One set of texts, and how its columns become ours.

    Attributes:
        name: What the splits and the card call it.
        path: Parquet or CSV file, or a folder of Parquet files, within the data folder.
        hub: Where the set lies on the hub, instead of `path`.
        columns: Our column to the set's own name; a column of our name is found without.
        values: Our column to a value that holds for all rows.
        language_codes: The set's own names of languages to ISO 639-1.
        where: Only rows whose columns meet these conditions are used.
        labels: Rules; the first that matches a row and names a label decides it.
        unmatched: Whether, where labels exclude each other, a row that no rule gives one is an error or is left out.
        balance_lengths: Whether rows are drawn until the length bands have the shares of the second seed's generator.
        use: Whether all splits may have its rows, or training only.
        licence: Under which the set is used.
        about: What it is, where it comes from, and its limits.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    path: str | None = None
    hub: HubDataset | None = None
    columns: Mapping[CommonColumn, str] = {}
    values: Mapping[CommonColumn, str] = {}
    language_codes: Mapping[str, str] = {}
    where: Mapping[str, Condition] = {}
    labels: tuple[LabelRule, ...] = Field(min_length=1)
    unmatched: Literal["error", "leave_out"] = "error"
    balance_lengths: bool = False
    use: Literal["all", "train"] = "all"
    licence: str | None = None
    about: str = ""

    @model_validator(mode="after")
    def _lies_in_one_place(self) -> Self:
        if (self.path is None) == (self.hub is None):
            raise ValueError(f"source '{self.name}' needs either a path or a hub name")
        return self

    def columns_used(self) -> set[str]:
        """The set's own columns that conditions and rules look at."""
        return {name for conditions in (self.where, *(rule.when for rule in self.labels)) for name in conditions}


class PreparationRecipe(Settings):
    """The making of a data set from its sources.

    Attributes:
        name: Name of the recipe, and of the data set.
        description: What it is for.
        task: One label a row, or labels that are independent of one another and may be unknown.
        labels: The labels in the order of the model's outputs.
        languages: ISO 639-1; rows in others are left out.
        detect_among: Languages that detection chooses among where a source does not say.
        stratify: What is spread evenly over the splits. Where a combination is rare, the last named gives way first.
        sources: Most trusted first: of two copies the one of the earlier source stays.
    """

    name: str
    description: str
    task: Literal["single_label", "multi_label"]
    labels: tuple[str, ...] = Field(min_length=2)
    languages: tuple[str, ...] = Field(min_length=1)
    detect_among: tuple[str, ...] = LANGUAGES
    stratify: tuple[Dimension, ...] = ("language", "label", "length_band", "source")
    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError("two sources have the same name")
        for source in self.sources:
            _check_labels(source, self.labels, self.task)
        return self


def _check_labels(source: Source, labels: tuple[str, ...], task: str) -> None:
    for rule in source.labels:
        if (task == "single_label") != isinstance(rule.then, str):
            wanted = "one label" if task == "single_label" else "a mapping of labels to 0, 1 or unknown"
            raise ValueError(f"source '{source.name}': a {task} rule says {wanted} after 'then'")
        for label in [rule.then] if isinstance(rule.then, str) else rule.then:
            if label not in labels:
                raise ValueError(f"source '{source.name}' names the label '{label}': {nearest(label, labels)}")


def load_preparation_recipe(name: str) -> PreparationRecipe:
    """Return a shipped recipe by name, or that of a YAML file.

    Raises:
        UsageError: there is neither.
        SettingsError: the file is no recipe; the message says where.
    """
    shipped = shipped_preparation_recipes()
    if name not in shipped and not Path(name).is_file():
        raise UsageError(f"no recipe '{name}': {nearest(name, shipped)}; or give a YAML file")
    try:
        return PreparationRecipe.model_validate(read_yaml(shipped.get(name, Path(name))))
    except ValidationError as error:
        problems = [_explain(problem["loc"], problem["msg"]) for problem in error.errors(include_url=False)]
        raise SettingsError(f"recipe {name}: {'; '.join(dict.fromkeys(problems))}") from None


def _explain(location: Iterable[int | str], message: str) -> str:
    place = ".".join(map(str, location))
    return f"{place}: {message}" if place else message.removeprefix("Value error, ")


def shipped_preparation_recipes() -> Mapping[str, Traversable]:
    """The recipes of the package by name."""
    folder = files("mh_batch.datasets.preparation") / "recipes"
    return {file.name.removesuffix(".yaml"): file for file in folder.iterdir() if file.name.endswith(".yaml")}
