"""Mails from localised templates."""

from __future__ import annotations

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from functools import cache
from importlib.resources import files
from string import Template

from mh_batch.followup.checked_yaml import read_checked
from mh_batch.followup.help_lines import FALLBACK_LANGUAGE
from mh_batch.followup.notice import Notice
from mh_batch.settings.base import Settings


class Wording(Settings):
    """Subject and body of a mail; the body may use $tips, $lines, $person and $evidence."""

    subject: str
    body: str


class Messages(Settings):
    """What mails say in one language, by scope.

    Attributes:
        somebody: Stands for the author where the contact has no name for them.
        documents: Heading of the evidence.
    """

    somebody: str
    documents: str
    self_help: Wording
    notify_therapist: Wording
    emergency_contact: Wording

    def wording(self, scope: str) -> Wording:
        """Return the mail of a scope."""
        wordings: Mapping[str, Wording] = {
            "self_help": self.self_help,
            "notify_therapist": self.notify_therapist,
            "emergency_contact": self.emergency_contact,
        }
        return wordings[scope]


def compose(notice: Notice, sender: str) -> EmailMessage:
    """Return the mail for a notice. Its Message-ID is the same whenever it is sent, so that a second one can be told.

    Args:
        notice: What may be told, and to whom.
        sender: The address that it comes from.
    """
    messages = load_messages(notice.language or FALLBACK_LANGUAGE)
    wording = messages.wording(notice.row.scope)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, notice.contact.address, wording.subject
    mail["Message-ID"] = f"<{notice.row.outbox_id}@{Address(addr_spec=sender).domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    if notice.language:
        mail["Content-Language"] = notice.language
    mail.set_content(_body(notice, messages, wording))
    return mail


@cache
def load_messages(language: str) -> Messages:
    """Return what mails say in a language; in English if there is nothing in it."""
    folder = files("mh_batch.followup") / "messages"
    names = [f"{code}.yaml" for code in (language, FALLBACK_LANGUAGE)]
    present = {file.name: file for file in folder.iterdir()}
    file = next(present[name] for name in names if name in present)
    return read_checked(Messages, file, {*Messages.model_fields, *Wording.model_fields})


def _body(notice: Notice, messages: Messages, wording: Wording) -> str:
    said = {
        "tips": "\n".join(f"- {tip}" for tip in notice.help.tips),
        "lines": "\n".join(f"- {line}" for line in notice.help.lines),
        "person": notice.contact.reference or messages.somebody,
        "evidence": _evidence(notice, messages),
    }
    return Template(wording.body).substitute(said)


def _evidence(notice: Notice, messages: Messages) -> str:
    if not notice.evidence:
        return ""
    documents = [f"- {one.doc_id}, {one.created_at:%Y-%m-%d}, p = {one.p:.2f}" for one in notice.evidence]
    return "\n".join(["", f"{messages.documents}:", *documents, ""])
