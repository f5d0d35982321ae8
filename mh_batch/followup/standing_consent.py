"""Consent as it stands: what a follow-up may do, and whether what was issued may still be acted upon."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mh_batch.consent import RESEARCH, SCOPES, ConsentLedger, LedgerFiles, Standing, Subjects
from mh_batch.errors import DeliveryError, LedgerError
from mh_batch.followup.outbox_rows import OutboxRow
from mh_batch.pseudonyms import PseudonymKey, author_key


def in_pseudonyms(ledger: ConsentLedger, key: PseudonymKey) -> ConsentLedger:
    """Return the ledger with each author's id replaced by the `author_key` under the root's key."""
    authors = ledger.events["author_id"].map(lambda author: author_key(key, author), na_action="ignore")
    return ConsentLedger(ledger.events.assign(author_id=authors))


@dataclass(frozen=True)
class Permission:
    """Authors and documents that a scope may be acted upon for.

    Attributes:
        granted: Authors and documents for which somebody grants the scope.
        refused: Those for which somebody withdrew the scope, or research.
    """

    granted: Subjects
    refused: Subjects

    @classmethod
    def of(cls, standing: Standing, scope: str) -> Permission:
        """Return what a ledger's standing says of a scope."""
        # Without research there would be no score: who withdraws it withdraws what follows from the score.
        own, research = standing.withdrawn(scope), standing.withdrawn(RESEARCH)
        refused = Subjects(own.authors | research.authors, own.docs | research.docs)
        return cls(standing.granted(scope), refused)

    def covers(self, author_key: str, doc_id: str) -> bool:
        """Return whether a document may be acted upon: its author or it itself is granted, and neither refused."""
        return (author_key, doc_id) in self.granted and (author_key, doc_id) not in self.refused


class StandingConsent:
    """Consent from the issue of a row up to a moment.

    Attributes:
        until: When the ledger's next event comes, after which this is out of date; None if there is none.
    """

    def __init__(self, known: ConsentLedger, moment: datetime) -> None:
        """Read a ledger in the pseudonyms of the rows' root."""
        standing = known.at(moment)
        self.until = _next_event(known, moment)
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

    def __init__(
        self, location: str, key: PseudonymKey, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Read the ledger; errors as of `ConsentLedger.open`.

        Args:
            location: Of the ledger.
            key: The root's key.
            now: The clock.
        """
        self._location, self._key, self._now = location, key, now
        self._files = LedgerFiles.at(location)
        self._known = self._read(self._files)
        self._standing = StandingConsent(self._known, now())

    def __call__(self) -> StandingConsent:
        """Return what holds now; the files are read again if they have changed, and an event counts from its time on.

        Raises:
            DeliveryError: they have, and are no sound ledger.
        """
        changed, now = self._read_changes(), self._now()
        if changed or (self._standing.until is not None and self._standing.until <= now):
            self._standing = StandingConsent(self._known, now)
        return self._standing

    def _read_changes(self) -> bool:
        """Return whether there were any."""
        try:
            files = LedgerFiles.at(self._location)
            if files.same_as(self._files):
                return False
            self._known = self._read(files)
        except LedgerError as error:
            raise DeliveryError(
                f"the consent ledger changed during the delivery, which stops here: {error}\n"
                "what was delivered is logged: put the ledger right, then start the same command again"
            ) from None
        self._files = files
        return True

    def _read(self, files: LedgerFiles) -> ConsentLedger:
        return in_pseudonyms(ConsentLedger.read(files), self._key)


def _next_event(ledger: ConsentLedger, moment: datetime) -> datetime | None:
    times = ledger.events["at"]
    later = times[times > moment]
    return None if later.empty else later.min()


def _last_withdrawals(ledger: ConsentLedger, column: str, moment: datetime) -> Mapping[Hashable, datetime]:
    """The time at which each subject last withdrew each scope."""
    events = ledger.events
    withdrawals = events[(events["event"] == "withdrawn") & (events["at"] <= moment)]
    return withdrawals.groupby([column, "scope"])["at"].max().to_dict()
