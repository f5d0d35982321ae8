"""Preparation of data sets: from raw texts to splits that a model can be trained and judged on.

A recipe names the sources and what they claim about the labels; `prepare` reads them, removes copies and near-copies,
balances lengths, splits, checks for leaks, and writes the splits with a data card.
"""

from mh_batch.datasets.preparation.preparation_recipe import (
    PreparationRecipe,
    load_preparation_recipe,
    shipped_preparation_recipes,
)
from mh_batch.datasets.preparation.prepared_dataset import Prepared
from mh_batch.datasets.preparation.preparing import prepare

__all__ = ["PreparationRecipe", "Prepared", "load_preparation_recipe", "prepare", "shipped_preparation_recipes"]
