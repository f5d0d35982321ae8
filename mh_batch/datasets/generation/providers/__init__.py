"""Who writes texts: one module each, behind one protocol."""

from mh_batch.datasets.generation.providers.base import Asked, BatchState, LostAnswerError, Provider, RefusedError

__all__ = ["Asked", "BatchState", "LostAnswerError", "Provider", "RefusedError"]
