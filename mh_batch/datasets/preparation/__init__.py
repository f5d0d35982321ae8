"""From raw sets of texts to splits that a model can be trained and judged on.

A recipe names the sources and what they claim about the labels; `prepare` reads them, removes copies and near-copies,
balances lengths, splits, checks for leaks, and writes the splits with a data card.
"""

from mh_batch.datasets.preparation.prepared import Prepared
from mh_batch.datasets.preparation.preparing import prepare
from mh_batch.datasets.preparation.recipe import PreparationRecipe, load_recipe, shipped_recipes

__all__ = ["PreparationRecipe", "Prepared", "load_recipe", "prepare", "shipped_recipes"]
