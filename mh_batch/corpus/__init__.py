"""Documents in: reading, admission, language, keys.

`reading` and `admission` need pyspark and are imported by name, so that the rest does not.
"""

from mh_batch.corpus.reasons import RejectionReason

__all__ = ["RejectionReason"]
