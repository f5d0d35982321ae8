"""The consent ledger as of a moment: who agreed to what, and until when."""

from typing import TYPE_CHECKING

from mh_batch.common.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from mh_batch.consent.deciding import (
        ResearchConsent as ResearchConsent,
        keep_out as keep_out,
        read_events as read_events,
        research_consent as research_consent,
    )
    from mh_batch.consent.events import WITHDRAWN as WITHDRAWN
    from mh_batch.consent.files import LedgerFiles as LedgerFiles
    from mh_batch.consent.ledger import ConsentLedger as ConsentLedger
    from mh_batch.consent.rules import RESEARCH as RESEARCH, ConsentRule as ConsentRule
    from mh_batch.consent.standing import (
        FOLLOW_UP_SCOPES as FOLLOW_UP_SCOPES,
        SCOPES as SCOPES,
        FollowUpScope as FollowUpScope,
        Standing as Standing,
        Subjects as Subjects,
    )
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "deciding": ["ResearchConsent", "keep_out", "read_events", "research_consent"],
            "events": ["WITHDRAWN"],
            "files": ["LedgerFiles"],
            "ledger": ["ConsentLedger"],
            "rules": ["RESEARCH", "ConsentRule"],
            "standing": ["FOLLOW_UP_SCOPES", "SCOPES", "FollowUpScope", "Standing", "Subjects"],
        },
    )
