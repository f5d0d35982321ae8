"""The data card of a prepared data set, for machines (`card.json`) and for people (`README.md`)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from mh_batch._version import __version__
from mh_batch.datasets.preparation.deduplication import LeakCheck
from mh_batch.datasets.preparation.integration import MEANINGS, label_columns
from mh_batch.datasets.preparation.preparation_recipe import PreparationRecipe
from mh_batch.datasets.preparation.recipe_sources import Origin
from mh_batch.datasets.preparation.splitting import SPLITS
from mh_batch.datasets.text_features import LENGTH_BANDS
from mh_batch.settings import PrepareSettings

Table = list[dict[str, Any]]

Card = dict[str, Any]

_KEPT_SETTINGS = {"seed", "shares", "threshold", "near_copies"}


def distributions(rows: pd.DataFrame, labels: Sequence[str], one_label: bool) -> Mapping[str, Table]:
    """Return a table per dimension that has values: rows per value in each split, and the value's share of all rows.

    Args:
        rows: All rows of the splits.
        labels: The recipe's labels.
        one_label: Whether each row has exactly one of them.
    """
    tables = {"language": _table(rows["language"], rows["split"])}
    if one_label:
        tables["label"] = _table(rows["label"], rows["split"], labels)
    else:
        tables |= {f"label {label}": _claims(rows, label) for label in labels}
    if rows["category"].notna().any():
        tables["category"] = _table(rows["category"].fillna("(none)"), rows["split"])
    tables["length in words"] = _table(rows["length_band"], rows["split"], LENGTH_BANDS)
    tables["source"] = _table(rows["source"], rows["split"])
    return tables


def _claims(rows: pd.DataFrame, label: str) -> Table:
    said = rows[label_columns([label])[0]].map({1.0: "yes", 0.0: "no"}).fillna("unknown")
    return _table(said, rows["split"], ("yes", "no", "unknown"))


def _table(values: pd.Series, split: pd.Series, order: Sequence[str] | None = None) -> Table:
    """Values in the order given, else most frequent first."""
    counts = values.value_counts()
    ordered = sorted(counts.index, key=lambda value: (-counts[value], value))
    if order is not None:
        ordered = [value for value in order if value in counts.index]
    crossed = pd.crosstab(values, split)
    return [_row(value, crossed.loc[value], len(values)) for value in ordered]


def _row(value: str, by_split: pd.Series, total: int) -> dict[str, Any]:
    counts = {name: int(by_split.get(name, 0)) for name in SPLITS}
    rows = sum(counts.values())
    return {"value": value, **counts, "rows": rows, "percent": round(100 * rows / total, 2)}


def data_card(
    recipe: PreparationRecipe,
    settings: PrepareSettings,
    origins: Sequence[Origin],
    rows: pd.DataFrame,
    left_out: pd.DataFrame,
    conflicts: dict[str, int],
    leaks: LeakCheck,
) -> Card:
    """Return what is to be known of a data set; no text of it.

    Args:
        recipe: How it was made.
        settings: With which settings.
        origins: Where each source came from.
        rows: All rows of the splits.
        left_out: All other rows of the sources.
        conflicts: Copies and near-copies whose labels disagreed.
        leaks: What the check of the written splits found.
    """
    splits = rows["split"].value_counts()
    return {
        "name": recipe.name,
        "description": recipe.description,
        "mh_batch": __version__,
        "settings": settings.model_dump(mode="json", include=_KEPT_SETTINGS),
        "rows": {"read": sum(origin.rows for origin in origins), "used": len(rows), "left_out": len(left_out)},
        "splits": {name: int(splits.get(name, 0)) for name in SPLITS},
        "sources": [_source(recipe, origin, rows, left_out) for origin in origins],
        "left_out": {str(reason): int(n) for reason, n in left_out["reason"].value_counts().items()},
        "conflicts": conflicts,
        "leaks": asdict(leaks),
        "authors": int(rows["author"].nunique()),
        "strata": _strata(recipe, rows),
        "distributions": distributions(rows, recipe.labels, recipe.task == "single_label"),
        "recipe": recipe.model_dump(mode="json", exclude_defaults=True),
    }


def _source(recipe: PreparationRecipe, origin: Origin, rows: pd.DataFrame, left_out: pd.DataFrame) -> dict[str, Any]:
    source = next(source for source in recipe.sources if source.name == origin.source)
    reasons = left_out.loc[left_out["source"] == origin.source, "reason"].value_counts()
    return {
        "name": origin.source,
        "location": origin.location,
        "digest": origin.digest,
        "licence": source.licence,
        "about": source.about,
        "use": source.use,
        "read": origin.rows,
        "used": int((rows["source"] == origin.source).sum()),
        "left_out": {str(reason): int(n) for reason, n in reasons.items()},
    }


def _strata(recipe: PreparationRecipe, rows: pd.DataFrame) -> dict[str, Any]:
    """The number of strata, and of those that are too small for a row in each split."""
    sizes = rows["stratum"].value_counts()
    return {"by": list(recipe.stratify), "number": len(sizes), "under_10_rows": int((sizes < 10).sum())}


def readme(card: Card) -> str:
    """Return the card as Markdown, with the header that the Hugging Face hub reads."""
    template = files("mh_batch.datasets.preparation") / "card.md.j2"
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    return environment.from_string(template.read_text(encoding="utf-8")).render(card=card, meanings=MEANINGS)
