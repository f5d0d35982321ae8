"""One module per way to run a model."""

from mh_batch.inference.engines.base import Computation, Computed, Engine, Logits

__all__ = ["Computation", "Computed", "Engine", "Logits"]
