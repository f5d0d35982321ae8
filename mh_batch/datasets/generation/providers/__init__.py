"""Who writes texts: one module each, behind one protocol."""

from mh_batch.datasets.generation.providers.base import Asked, BatchState, Provider

__all__ = ["Asked", "BatchState", "Provider"]
