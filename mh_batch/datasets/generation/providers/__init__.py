"""Providers of texts: one module each, behind one protocol."""

from mh_batch.datasets.generation.providers.base import BatchRequest, BatchState, Provider

__all__ = ["BatchRequest", "BatchState", "Provider"]
