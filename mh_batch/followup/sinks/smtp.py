"""Sends notices as mail."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

from mh_batch.errors import DeliveryError
from mh_batch.followup.mail import compose
from mh_batch.followup.notice import Notice
from mh_batch.followup.sinks.base import Answer

Security = Literal["starttls", "tls", "none"]


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

    def send(self, notice: Notice) -> Answer:
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
            return Answer(False, type(error).__name__, may_retry=True)
        try:
            return _sent(server, mail)
        finally:
            # Whether the server says goodbye has no bearing on whether it took the mail.
            with suppress(OSError):
                server.quit()
            server.close()


def _sent(server: smtplib.SMTP, mail: EmailMessage) -> Answer:
    try:
        server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        return Answer(False, f"smtp {code}", may_retry=_is_for_now(code))
    except smtplib.SMTPResponseException as error:
        return Answer(False, f"smtp {error.smtp_code}", may_retry=_is_for_now(error.smtp_code))
    except (OSError, smtplib.SMTPException) as error:
        return Answer(False, type(error).__name__, may_retry=True)
    return Answer(True, "smtp 250")


def _is_for_now(code: int) -> bool:
    """RFC 5321: 4yz may work later, 5yz will not."""
    return 400 <= code < 500
