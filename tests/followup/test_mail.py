from email import message_from_bytes, policy

import pytest

from mh_batch.consent import FOLLOW_UP_SCOPES, FollowUpScope
from mh_batch.corpus.language import detect_language
from mh_batch.followup.contacts import Contact
from mh_batch.followup.help_lines import load_help_lines
from mh_batch.followup.mail import compose, load_messages
from mh_batch.followup.notice import notice_of
from tests.followup import made_up
from tests.followup.made_up import due, evidence, granted, rule

LANGUAGES = ("en", "de", "fr", "it", "pt", "es")


def body(scope: FollowUpScope, contact: Contact, **changes: object) -> str:
    made = made_up.policy(rule(scope=scope, **changes))
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
