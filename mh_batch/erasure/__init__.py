"""Takes what an output root holds of persons or documents out of it, for good."""

from mh_batch.erasure.erase import Erased, erase

__all__ = ["Erased", "erase"]
