"""Puts the pseudonyms of an output root under a new key."""

from mh_batch.privacy.rotation.rotate import Rotated, rotate

__all__ = ["Rotated", "rotate"]
