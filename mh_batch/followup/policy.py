"""Policies: what follows from scores, and with which consent, as rules in a YAML file."""

import hashlib
import json
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from mh_batch.consent import FollowUpScope
from mh_batch.followup.checked_yaml import read_checked
from mh_batch.settings.base import Settings

SendingSink = Literal["webhook", "smtp"]


class Rule(Settings):
    """A rule for when an action is due, and for whom.

    Attributes:
        name: Name of the rule.
        model: Card whose scores are looked at.
        label: Label whose probability counts.
        threshold: Probability from which a document counts.
        documents: How many documents must count.
        within_days: Days that they lie within, by when they were written.
        cool_down_days: Days in which the same author and action have no second row, from the occasion of the first.
            No less than `within_days`, so that no document counts twice.
        max_age_days: Occasions longer ago are not issued, and rows not delivered: help that comes late may do harm.
        scope: What the author must have consented to.
        action: What is to be done, in the words of whoever does it.
        language: ISO 639-1 code of messages, where the contact names none.
        country: ISO 3166-1 code of the country whose crisis lines are named, where the contact names none.
        evidence_in: Sinks whose messages may name the documents and their probabilities.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    model: str
    label: str
    threshold: float = Field(gt=0, le=1)
    documents: int = Field(ge=1)
    within_days: int = Field(ge=1)
    cool_down_days: int = Field(ge=1)
    max_age_days: int = Field(30, ge=1)
    scope: FollowUpScope
    action: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    language: str = Field("en", pattern=r"^[a-z]{2}$")
    country: str | None = Field(None, pattern=r"^[A-Z]{2}$")
    evidence_in: tuple[SendingSink, ...] = ("webhook",)

    @model_validator(mode="after")
    def _no_document_counts_twice(self) -> Self:
        if self.cool_down_days < self.within_days:
            raise ValueError(
                f"cool_down_days is {self.cool_down_days} and within_days {self.within_days}: a document would count "
                f"twice; set cool_down_days to {self.within_days} or more"
            )
        return self

    @model_validator(mode="after")
    def _mail_to_relatives_names_no_evidence(self) -> Self:
        if self.scope == "emergency_contact" and "smtp" in self.evidence_in:
            raise ValueError("mail to an emergency contact never names evidence: take smtp out of evidence_in")
        return self


class Policy(Settings):
    """The rules of one policy. Where several ask for the same action, the first that is met counts.

    Attributes:
        name: Name of the policy; with its digest it stands in every row.
        rules: The rules, most important first.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [rule.name for rule in self.rules]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two rules are called '{name}': rename one")
        for action in {rule.action for rule in self.rules}:
            if len({rule.scope for rule in self.rules if rule.action == action}) > 1:
                raise ValueError(f"the action '{action}' stands under two scopes: name one action for each")
        return self

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the policy says, in hexadecimal digits."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    def cool_down_days(self, action: str) -> int:
        """Return the longest cool-down of the rules that ask for an action, in days."""
        return max(rule.cool_down_days for rule in self.rules if rule.action == action)


def load_policy(file: Path) -> Policy:
    """Return the policy of a YAML file.

    Raises:
        SettingsError: it cannot be read, or a field is wrong; the message says which and how to put it right.
    """
    return read_checked(Policy, file, {*Policy.model_fields, *Rule.model_fields})


def example_policy() -> Traversable:
    """Return a policy to start from."""
    return files("mh_batch.followup") / "policies" / "example.yaml"
