"""Text in, probabilities out. Imports neither pyspark nor great_expectations."""

from mh_batch.inference.loading import load_scorer
from mh_batch.inference.scorer import Scorer, TextScore

__all__ = ["Scorer", "TextScore", "load_scorer"]
