"""Notices: as little of an outbox row as its receiver needs, with recommendations and crisis lines.

These come by language and country from files that say when they were checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field

from mh_batch.followup.checked_yaml import read_checked
from mh_batch.followup.contacts import Contact
from mh_batch.followup.outbox_rows import Evidence, OutboxRow
from mh_batch.settings.base import Settings

FALLBACK_LANGUAGE = "en"
_CHECK_HOLDS = timedelta(days=365)


class CrisisLine(Settings):
    """A number or page where somebody answers.

    Attributes:
        name: Its name in its own language.
        phone: Number to call from within the country.
        url: Its page.
        hours: When somebody answers, such as 24/7; null where that is not sure.
        source: Page that names the number.
        checked: When that page was last looked at; null if it could not be.
    """

    name: str
    phone: str | None = None
    url: str | None = None
    hours: str | None = None
    source: str
    checked: date | None

    def __str__(self) -> str:
        """One line for a message."""
        hours = f"({self.hours})" if self.hours else None
        return " ".join(filter(None, [f"{self.name}:", self.phone, hours, self.url]))


class SelfHelp(Settings):
    """Recommendations in one language."""

    tips: tuple[str, ...] = Field(min_length=1)
    source: str
    checked: date | None


class Overrides(Settings):
    """Entries that a file of one's own may replace: countries, languages, the international line."""

    crisis_lines: Mapping[str, tuple[CrisisLine, ...]] = {}
    international: CrisisLine | None = None
    self_help: Mapping[str, SelfHelp] = {}


@dataclass(frozen=True)
class Help:
    """Recommendations of one message."""

    tips: tuple[str, ...]
    lines: tuple[CrisisLine, ...]


@dataclass(frozen=True)
class HelpLines:
    """Recommendations by language and crisis lines by country."""

    crisis_lines: Mapping[str, tuple[CrisisLine, ...]]
    international: CrisisLine
    self_help: Mapping[str, SelfHelp]

    def find(self, language: str | None, country: str | None) -> Help:
        """Return what fits; English where the language is unknown, the international line besides or instead."""
        own = self.crisis_lines.get(country or "", ())
        spoken = self.self_help.get(language or "", self.self_help[FALLBACK_LANGUAGE])
        return Help(spoken.tips, (*own, self.international))

    def stale(self, today: date) -> list[str]:
        """Return a warning for each entry that was last checked more than a year ago, or never."""
        return [
            f"{entry} was {'never checked' if checked is None else f'last checked on {checked}'}: look at {source}"
            for entry, source, checked in self._checks()
            if checked is None or today - checked > _CHECK_HOLDS
        ]

    def _checks(self) -> Iterator[tuple[str, str, date | None]]:
        for country, lines in self.crisis_lines.items():
            yield from ((f"crisis line {line.name} ({country})", line.source, line.checked) for line in lines)
        yield f"crisis line {self.international.name}", self.international.source, self.international.checked
        for language, advice in self.self_help.items():
            yield f"self-help in {language}", advice.source, advice.checked


def load_help_lines(file: Path | None = None) -> HelpLines:
    """Return what ships, with the countries and languages of `file` in place of its own.

    Raises:
        SettingsError: the file cannot be read, or a field is wrong.
    """
    folder = files("mh_batch.followup") / "resources"
    names = {*Overrides.model_fields, *CrisisLine.model_fields, *SelfHelp.model_fields}
    lines = read_checked(Overrides, folder / "crisis_lines.yaml", names)
    advice = read_checked(Overrides, folder / "self_help.yaml", names)
    own = read_checked(Overrides, file, names) if file else Overrides()
    international = own.international or lines.international
    assert international is not None
    return HelpLines({**lines.crisis_lines, **own.crisis_lines}, international, {**advice.self_help, **own.self_help})


@dataclass(frozen=True)
class Notice:
    """The content of a message, and its recipient.

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
        """Return it for a machine.

        The author's pseudonym is not in it: it would link the receiver's knowledge to the scores.
        """
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
    """Return what a sink may send to a contact.

    Args:
        row: The row of the outbox.
        contact: Who is to be reached.
        sink: The sink's name, which decides whether evidence is named.
        help_lines: What messages recommend.
    """
    language = contact.language or row.language
    found = help_lines.find(language, contact.country or row.country)
    return Notice(row, contact, language, found, row.evidence if sink in row.evidence_in else ())
