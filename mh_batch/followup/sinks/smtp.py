"""Notices sent as mail, from localised templates."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from functools import cache
from importlib.resources import files
from string import Template
from typing import Literal

from mh_batch.errors import DeliveryError
from mh_batch.followup.checked_yaml import read_checked
from mh_batch.followup.notices import FALLBACK_LANGUAGE, Notice
from mh_batch.followup.sinks.base import SinkResponse
from mh_batch.settings.base import Settings

Security = Literal["starttls", "tls", "none"]


class Wording(Settings):
    """Subject and body of a mail; the body may use $tips, $lines, $person and $evidence."""

    subject: str
    body: str


class Messages(Settings):
    """The wording of mails in one language, by scope.

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
    """Return the mail for a notice. Its Message-ID is the same whenever it is sent, so that a second one is recognised.

    Args:
        notice: The content, and the recipient.
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
    values = {
        "tips": "\n".join(f"- {tip}" for tip in notice.help.tips),
        "lines": "\n".join(f"- {line}" for line in notice.help.lines),
        "person": notice.contact.reference or messages.somebody,
        "evidence": _evidence(notice, messages),
    }
    return Template(wording.body).substitute(values)


def _evidence(notice: Notice, messages: Messages) -> str:
    if not notice.evidence:
        return ""
    documents = [f"- {one.doc_id}, {one.created_at:%Y-%m-%d}, p = {one.p:.2f}" for one in notice.evidence]
    return "\n".join(["", f"{messages.documents}:", *documents, ""])


@dataclass(frozen=True)
class MailServer:
    """A server that takes mail.

    Attributes:
        host: Its name.
        port: Its port.
        security: STARTTLS, TLS from the start, or neither.
        user: Login; None for none.
        password: Of the login.
        timeout: Seconds to wait for each of its answers.
    """

    host: str
    port: int
    security: Security
    user: str | None
    password: str | None
    timeout: float

    def connect(self) -> smtplib.SMTP:
        """Connect, encrypt and log in."""
        context = ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user is not None:
                server.login(self.user, self.password or "")
        except BaseException:
            server.close()
            raise
        return server


class SmtpSink:
    """Sends one mail for each notice."""

    name = "smtp"
    channel = "email"

    def __init__(self, server: MailServer, sender: str) -> None:
        """Send by that server, from that address."""
        self._server, self._sender = server, sender

    def send(self, notice: Notice) -> SinkResponse:
        """Send once. What the server refuses for good is refused, all else may be tried again.

        Raises:
            DeliveryError: the server cannot be used as it is set up; no mail will do better.
        """
        mail = compose(notice, self._sender)
        try:
            server = self._server.connect()
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
            raise DeliveryError(
                f"{self._server.host} does not let us send mail ({type(error).__name__}): check --smtp-security and "
                "the login; what was not sent stays open"
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            return SinkResponse(False, type(error).__name__, may_retry=True)
        try:
            return _sent(server, mail)
        finally:
            # Whether the server says goodbye has no bearing on whether it took the mail.
            with suppress(OSError):
                server.quit()
            server.close()


def _sent(server: smtplib.SMTP, mail: EmailMessage) -> SinkResponse:
    try:
        server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        return SinkResponse(False, f"smtp {code}", may_retry=_is_for_now(code))
    except smtplib.SMTPResponseException as error:
        return SinkResponse(False, f"smtp {error.smtp_code}", may_retry=_is_for_now(error.smtp_code))
    except (OSError, smtplib.SMTPException) as error:
        return SinkResponse(False, type(error).__name__, may_retry=True)
    return SinkResponse(True, "smtp 250")


def _is_for_now(code: int) -> bool:
    """RFC 5321: 4yz may work later, 5yz will not."""
    return 400 <= code < 500
