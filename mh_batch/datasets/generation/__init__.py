"""Texts asked of a language model, or drawn from our own grammar, by a recipe and a seed.

`draw_plan` says what will be asked; `generate_texts` asks, resumes and writes; what it costs says `estimate`.
"""

from mh_batch.datasets.generation.cost import check_temperature, estimate
from mh_batch.datasets.generation.generating import generate_texts
from mh_batch.datasets.generation.generation_plan import GenerationPlan, draw_plan
from mh_batch.datasets.generation.generation_recipe import GenerationRecipe, load_generation_recipe
from mh_batch.datasets.generation.generation_results import summary_lines

__all__ = [
    "GenerationPlan",
    "GenerationRecipe",
    "check_temperature",
    "draw_plan",
    "estimate",
    "generate_texts",
    "load_generation_recipe",
    "summary_lines",
]
