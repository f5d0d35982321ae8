"""Follow-up of scores, with their authors' consent: an outbox that is inert by itself, and its delivery."""

from mh_batch.followup.contacts import Contacts, load_contacts
from mh_batch.followup.delivering import Delivery, Terms
from mh_batch.followup.follow_up import Issued, follow_up
from mh_batch.followup.outbox import Outbox
from mh_batch.followup.policy import Policy, Rule, load_policy
from mh_batch.followup.sinks import Sink
from mh_batch.followup.standing_consent import CurrentConsent, StandingConsent

__all__ = [
    "Contacts",
    "CurrentConsent",
    "Delivery",
    "Issued",
    "Outbox",
    "Policy",
    "Rule",
    "Sink",
    "StandingConsent",
    "Terms",
    "follow_up",
    "load_contacts",
    "load_policy",
]
