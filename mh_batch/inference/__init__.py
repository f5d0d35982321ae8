"""Text in, probabilities out. Imports neither pyspark nor great_expectations.

`load_scorer` and `Scorer` are imported on first use, so that tokenising needs no torch, which takes seconds to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mh_batch.inference.scorer import Scorer, TextScore
    from mh_batch.inference.scorer_loading import load_scorer

__all__ = ["Scorer", "TextScore", "load_scorer"]

_HOMES = {"Scorer": "scorer", "TextScore": "scorer", "load_scorer": "scorer_loading"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562: the type depends on the name
    if name not in _HOMES:
        raise AttributeError(f"module 'mh_batch.inference' has no attribute '{name}'")
    return getattr(import_module(f"mh_batch.inference.{_HOMES[name]}"), name)
