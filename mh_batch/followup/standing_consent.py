"""Whether what was issued may still be acted upon."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime

from mh_batch.consent import SCOPES, Ledger
from mh_batch.consent.files import LedgerFiles
from mh_batch.consent.rules import RESEARCH
from mh_batch.corpus.pseudonyms import PseudonymKey
from mh_batch.errors import DeliveryError, LedgerError
from mh_batch.followup.outbox_rows import OutboxRow
from mh_batch.followup.permission import Permission, in_pseudonyms


class StandingConsent:
    """Consent from the issue of a row up to a moment."""

    def __init__(self, ledger: Ledger, key: PseudonymKey, moment: datetime) -> None:
        """Read a ledger under the key of the rows' root."""
        known = in_pseudonyms(ledger, key)
        standing = known.at(moment)
        self._permissions = {scope: Permission.of(standing, scope) for scope in SCOPES}
        self._withdrawn_at = {column: _last_withdrawals(known, column, moment) for column in ("author_id", "doc_id")}

    def covers(self, row: OutboxRow) -> bool:
        """Return whether all of a row's evidence may be acted upon, and nobody withdrew since it was issued."""
        permission = self._permissions[row.scope]
        return all(
            permission.covers(row.author_key, document.doc_id) and not self._withdrawn_since(row, document.doc_id)
            for document in row.evidence
        )

    def _withdrawn_since(self, row: OutboxRow, doc_id: str) -> bool:
        """A grant that follows a withdrawal is for what comes after it."""
        subjects = (("author_id", row.author_key), ("doc_id", doc_id))
        last = (
            self._withdrawn_at[column].get((id, scope)) for column, id in subjects for scope in (row.scope, RESEARCH)
        )
        return any(at is not None and at > row.issued_at for at in last)


class CurrentConsent:
    """Consent as the files of a ledger say now: a delivery may take hours, and somebody withdraw meanwhile."""

    def __init__(self, location: str, key: PseudonymKey) -> None:
        """Read the ledger; errors as of `Ledger.open`."""
        self._location, self._key = location, key
        self._files = LedgerFiles.at(location)
        self._standing = self._read(self._files)

    def __call__(self) -> StandingConsent:
        """Return what holds now; the files are read again if they have changed.

        Raises:
            DeliveryError: they have, and are no sound ledger.
        """
        try:
            files = LedgerFiles.at(self._location)
            if not files.same_as(self._files):
                self._standing = self._read(files)
                self._files = files
        except LedgerError as error:
            raise DeliveryError(
                f"the consent ledger changed during the delivery, which stops here: {error}\n"
                "what was delivered is logged: put the ledger right, then start the same command again"
            ) from None
        return self._standing

    def _read(self, files: LedgerFiles) -> StandingConsent:
        return StandingConsent(Ledger.read(files), self._key, datetime.now(UTC))


def _last_withdrawals(ledger: Ledger, column: str, moment: datetime) -> Mapping[Hashable, datetime]:
    """When each subject last withdrew each scope."""
    events = ledger.events
    withdrawals = events[(events["event"] == "withdrawn") & (events["at"] <= moment)]
    return withdrawals.groupby([column, "scope"])["at"].max().to_dict()
