import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from mh_batch.consent import FOLLOW_UP_SCOPES, FollowUpScope
from mh_batch.corpus import detect_language
from mh_batch.errors import DeliveryError
from mh_batch.followup import Contacts
from mh_batch.followup.contacts import Contact
from mh_batch.followup.notices import load_help_lines, notice_of
from mh_batch.followup.sinks import SmtpSink
from mh_batch.followup.sinks.smtp import MailServer, compose, load_messages
from mh_batch.pseudonyms import author_key
from tests.consent.histories import AUTHORS
from tests.followup import policies
from tests.followup.deliveries import delivery, issued, outcomes
from tests.followup.policies import KEY, due, evidence, granted, rule

LANGUAGES = ("en", "de", "fr", "it", "pt", "es")


def body(scope: FollowUpScope, contact: Contact, **changes: object) -> str:
    made = policies.policy(rule(scope=scope, **changes))
    documents = {"ada": [evidence("doc-one", 1, 0.87654), evidence("doc-two", 2, 0.91)]}
    (row,) = due(made, documents, [granted(scope=scope)], 3)
    mail = compose(notice_of(row, contact, "smtp", load_help_lines()), "care@example.org")
    parsed = message_from_bytes(mail.as_bytes(), policy=policy.default)
    return str(parsed.get_content())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scope", FOLLOW_UP_SCOPES)
def test_mails_are_written_in_the_contacts_language_and_name_the_countrys_line(
    scope: FollowUpScope, language: str
) -> None:
    said = body(scope, Contact("email", "x@example.org", language, "AT"))
    assert "$" not in said
    assert "TelefonSeelsorge: 142" in said
    assert load_messages(language) is not load_messages("xx") or language == "en"
    assert detect_language(said.partition("TelefonSeelsorge")[0], LANGUAGES) == language


def test_who_is_in_no_language_of_ours_is_written_to_in_english() -> None:
    assert body("self_help", Contact("email", "x@example.org", "nl")).startswith("Hello,")


@pytest.mark.parametrize("scope", FOLLOW_UP_SCOPES)
def test_no_document_and_no_score_stands_in_a_mail_unless_the_policy_says_so(scope: FollowUpScope) -> None:
    said = body(scope, Contact("email", "x@example.org"))
    assert "doc-one" not in said
    assert "0.8" not in said
    assert "depress" not in said.lower()


def test_a_therapist_may_be_told_the_evidence() -> None:
    said = body("notify_therapist", Contact("email", "x@example.org"), evidence_in=("smtp",))
    assert "- doc-one, 2026-01-02, p = 0.88\n- doc-two, 2026-01-03, p = 0.91" in said


def test_a_contact_is_told_whom_it_is_about_in_words_that_the_author_chose() -> None:
    assert "this is about case 12." in body("notify_therapist", Contact("email", "x@example.org", reference="case 12"))
    assert "a person who named you as a contact" in body("notify_therapist", Contact("email", "x@example.org"))


CONTACTS = Contacts(
    {(author_key(KEY, name), "self_help", "email"): Contact("email", f"{name}@example.org") for name in AUTHORS}
)


class Mailbox:
    """Takes mail, or gives the answer that is asked for."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.mails = list(answers), list[EmailMessage]()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"


@contextmanager
def mail_server(mailbox: Mailbox, **changes: Any) -> Iterator[MailServer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        plain = {"security": "none", "user": None, "password": None, "timeout": 5.0}
        yield MailServer("127.0.0.1", port, **{**plain, **changes})
    finally:
        controller.stop()


def sink(server: MailServer) -> SmtpSink:
    return SmtpSink(server, "care@example.org")


def test_each_author_gets_one_mail_whose_id_is_that_of_the_row(tmp_path: Path) -> None:
    outbox, mailbox = issued(tmp_path), Mailbox()
    with mail_server(mailbox) as server:
        assert delivery(outbox, sink(server), contacts=CONTACTS).run() == {"delivered": 3}
        assert delivery(outbox, sink(server), contacts=CONTACTS).run() == {}
    assert sorted(mail["To"] for mail in mailbox.mails) == [f"{name}@example.org" for name in AUTHORS]
    assert {mail["Message-ID"] for mail in mailbox.mails} == {f"<{row.outbox_id}@example.org>" for row in outbox.rows()}
    assert all(mail["Auto-Submitted"] == "auto-generated" for mail in mailbox.mails)


def test_mail_put_off_is_sent_again_and_mail_refused_is_given_up(tmp_path: Path) -> None:
    outbox, mailbox = issued(tmp_path), Mailbox("451 later", "550 no", "250 taken")
    with mail_server(mailbox) as server:
        ended = delivery(outbox, sink(server), contacts=CONTACTS).run()
    assert ended == {"delivered": 2, "dead_letter": 1}
    assert outcomes(outbox)[:2] == [("failed", "smtp 451"), ("dead_letter", "smtp 550")]


def test_mail_is_not_sent_in_the_clear_unless_that_is_asked_for(tmp_path: Path) -> None:
    outbox, mailbox = issued(tmp_path), Mailbox()
    with mail_server(mailbox, security="starttls") as server, pytest.raises(DeliveryError, match="--smtp-security"):
        delivery(outbox, sink(server), contacts=CONTACTS).run()
    assert mailbox.mails == []
    assert outbox.attempts() == []


def test_a_login_that_fails_ends_the_delivery_and_all_rows_stay_open(tmp_path: Path) -> None:
    outbox, mailbox = issued(tmp_path), Mailbox()
    with mail_server(mailbox, user="us", password="wrong") as server, pytest.raises(DeliveryError) as caught:
        delivery(outbox, sink(server), contacts=CONTACTS).run()
    assert "wrong" not in str(caught.value)
    assert outbox.attempts() == []


def test_a_server_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    outbox = issued(tmp_path, authors=["ada"])
    with mail_server(Mailbox()) as server:
        pass
    assert delivery(outbox, sink(server), contacts=CONTACTS, attempts=2).run() == {"dead_letter": 1}
    assert outcomes(outbox)[0] == ("failed", "ConnectionRefusedError")


def test_whether_the_server_says_goodbye_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rude(_: smtplib.SMTP) -> None:
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr(smtplib.SMTP, "quit", rude)
    outbox, mailbox = issued(tmp_path, authors=["ada"]), Mailbox()
    with mail_server(mailbox) as server:
        assert delivery(outbox, sink(server), contacts=CONTACTS).run() == {"delivered": 1}
    assert len(mailbox.mails) == 1
