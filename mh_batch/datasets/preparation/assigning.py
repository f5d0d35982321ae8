"""Gives each row of a recipe its split, and the numbers by which that can be checked."""

import numpy as np
import pandas as pd

from mh_batch.datasets.preparation.integration import label_columns
from mh_batch.datasets.preparation.recipe import PreparationRecipe
from mh_batch.datasets.preparation.splitting import SPLITS, Numbers, split_rows, together


def assigned(rows: pd.DataFrame, recipe: PreparationRecipe, shares: tuple[float, ...], seed: int) -> pd.DataFrame:
    """Return the rows with `split`, `stratum`, the one `label` where there is one, and a number for the `author`.

    Rows of sources that may only train go there, and with them what belongs to the same author or cluster; they come
    on top of the shares.
    """
    columns = label_columns(recipe.labels)
    labelled = rows.assign(label=_one_label(rows[columns], recipe))
    strata = pd.DataFrame({name: _dimension(labelled, name, columns) for name in recipe.stratify})
    groups = together(len(rows), list(rows["author"]), list(rows["cluster"]))
    train_only = rows["source"].isin([source.name for source in recipe.sources if source.use == "train"]).to_numpy()
    dealt = ~np.isin(groups, groups[train_only])
    split: Numbers = np.zeros(len(rows), dtype=np.int64)
    split[dealt] = split_rows(strata[dealt], list(rows.loc[dealt, "doc_id"]), groups[dealt], shares, seed)
    return labelled.assign(
        split=[SPLITS[number] for number in split],
        stratum=strata.groupby(list(strata.columns), dropna=False).ngroup(),
        author=_numbers(rows["author"]),
    )


def _one_label(claims: pd.DataFrame, recipe: PreparationRecipe) -> list[str] | None:
    if recipe.task == "multi_label":
        return None
    return [recipe.labels[place] for place in claims.to_numpy().argmax(axis=1)]


def _dimension(rows: pd.DataFrame, name: str, labels: list[str]) -> pd.Series:
    """A column to stratify on; all labels together are one dimension, their combination."""
    return rows[labels].astype(str).agg(" ".join, axis=1) if name == "label" else rows[name].fillna("")


def _numbers(authors: pd.Series) -> pd.Series:
    """Numbers that say who wrote together, and not who: in the order of the first row."""
    codes, _ = pd.factorize(authors)
    return pd.Series(codes, index=authors.index, dtype="Int64").mask(codes < 0)
