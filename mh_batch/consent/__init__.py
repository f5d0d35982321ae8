"""The consent ledger as of a moment: who agreed to what, and until when.

`deciding` needs pyspark and is imported by name, so that the rest does not.
"""

from mh_batch.consent.ledger import ConsentLedger
from mh_batch.consent.standing import FOLLOW_UP_SCOPES, SCOPES, FollowUpScope, Standing, Subjects

__all__ = ["FOLLOW_UP_SCOPES", "SCOPES", "ConsentLedger", "FollowUpScope", "Standing", "Subjects"]
