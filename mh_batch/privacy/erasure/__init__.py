"""Takes what an output root holds of persons or documents out of it, for good."""

from mh_batch.privacy.erasure.erase import Erased, erase, finish_erasure

__all__ = ["Erased", "erase", "finish_erasure"]
