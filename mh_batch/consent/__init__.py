"""Who agreed to what, and until when: the consent ledger as of a moment.

`deciding` and `withdrawal` need pyspark and are imported by name, so that the rest does not.
"""

from mh_batch.consent.ledger import Ledger
from mh_batch.consent.standing import SCOPES, Standing, Subjects

__all__ = ["SCOPES", "Ledger", "Standing", "Subjects"]
