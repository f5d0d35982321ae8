"""What a sink is told of an outbox row: as little as its receiver needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mh_batch.followup.contacts import Contact
from mh_batch.followup.help_lines import Help, HelpLines
from mh_batch.followup.outbox_rows import Evidence, OutboxRow


@dataclass(frozen=True)
class Notice:
    """What may be told, and to whom.

    Attributes:
        row: The row of the outbox.
        contact: Who is to be reached.
        language: To write in, ISO 639-1; None if nobody said.
        help: Recommendations and crisis lines for the contact's language and country.
        evidence: Documents that the policy lets this sink name.
    """

    row: OutboxRow
    contact: Contact
    language: str | None
    help: Help
    evidence: Sequence[Evidence]

    def as_json(self) -> dict[str, Any]:
        """For a machine. The author's pseudonym stays here: it would link the receiver's knowledge to the scores."""
        contact, row = self.contact, self.row
        return {
            "outbox_id": row.outbox_id,
            "action": row.action,
            "scope": row.scope,
            "rule": row.rule,
            "policy": {"name": row.policy_name, "digest": row.policy_digest},
            "run_id": row.run_id,
            "occasion_at": row.occasion_at.isoformat(),
            "issued_at": row.issued_at.isoformat(),
            "recipient": {
                "address": contact.address,
                "language": self.language,
                "country": contact.country or row.country,
                "reference": contact.reference,
            },
            "resources": {
                "tips": list(self.help.tips),
                "crisis_lines": [line.model_dump(mode="json") for line in self.help.lines],
            },
            "evidence": [
                {"doc_id": one.doc_id, "p": one.p, "created_at": one.created_at.isoformat()} for one in self.evidence
            ],
        }


def notice_of(row: OutboxRow, contact: Contact, sink: str, help_lines: HelpLines) -> Notice:
    """Return what a sink may tell a contact."""
    language = contact.language or row.language
    found = help_lines.find(language, contact.country or row.country)
    return Notice(row, contact, language, found, row.evidence if sink in row.evidence_in else ())
