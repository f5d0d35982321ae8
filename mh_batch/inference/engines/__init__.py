"""One module per way to run a model."""

from mh_batch.inference.engines.base import Engine

__all__ = ["Engine"]
