"""Texts asked of a language model, or drawn from our own grammar, by a recipe and a seed.

`draw_plan` says what will be asked; `generate_texts` asks, resumes and writes; what it costs says `estimate`.
"""

from mh_batch.datasets.generation.cost import check_temperature, estimate
from mh_batch.datasets.generation.plan import Plan, draw_plan
from mh_batch.datasets.generation.recipe import GenerationRecipe, load_recipe
from mh_batch.datasets.generation.run import generate_texts
from mh_batch.datasets.generation.summary import lines_of

__all__ = [
    "GenerationRecipe",
    "Plan",
    "check_temperature",
    "draw_plan",
    "estimate",
    "generate_texts",
    "lines_of",
    "load_recipe",
]
