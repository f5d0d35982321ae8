"""Commands that follow up scores: one issues rows of the outbox, one delivers them."""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from mh_batch.errors import DeliveryError, SettingsError
from mh_batch.flags import given_flags
from mh_batch.settings import DeliverSettings, FollowupSettings, load_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from mh_batch.followup import Delivery, Sink, Terms
    from mh_batch.followup.help_lines import HelpLines

_SECRET = "MH_BATCH_WEBHOOK_SECRET"
_USER, _PASSWORD = "MH_BATCH_SMTP_USER", "MH_BATCH_SMTP_PASSWORD"
T = TypeVar("T")


class PrintExamplePolicy(argparse.Action):
    """Prints the policy that ships, and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:  # noqa: ANN401 - argparse's own arguments
        """Print it."""
        from mh_batch.followup.policy import example_policy

        print(example_policy().read_text(encoding="utf-8"), end="")
        parser.exit()


def followup(arguments: argparse.Namespace) -> int:
    """Issue what follows from a published run; send nothing."""
    from mh_batch import open_run
    from mh_batch.consent import Ledger
    from mh_batch.followup import follow_up, load_policy
    from mh_batch.scoring.keys import root_key
    from mh_batch.scoring.layout import OutputRoot

    settings = load_settings(FollowupSettings, arguments.config, given_flags(arguments, FollowupSettings))
    policy, root = load_policy(settings.policy), OutputRoot.existing(settings.output)
    run, ledger = open_run(settings.output, settings.run), Ledger.open(settings.consent)
    issued = follow_up(
        _session,
        root,
        run,
        policy,
        ledger,
        root_key(root, settings.key_file),
        issued_by=settings.issued_by,
        dry_run=settings.dry_run,
    )
    print(f"run {run.run_id}, policy {policy.name} {policy.digest[:12]}")
    for rule in policy.rules:
        due = sum(row.rule == rule.name for row in issued.rows)
        word = "would be issued" if settings.dry_run else "issued"
        print(
            f"  {rule.name}: met by {issued.candidates[rule.name]:,} consenting authors ({rule.scope}); {due:,} {word}"
        )
    print("Nothing has been sent: mh-batch deliver does that. An indicator is not a diagnosis.")
    return 0


@contextmanager
def _session() -> "Iterator[SparkSession]":
    from mh_batch.scoring.session import command_session, run_settings

    with command_session("mh-batch followup") as spark, run_settings(spark):
        yield spark


def deliver(arguments: argparse.Namespace) -> int:
    """Deliver the outbox to a sink, as far as its authors still agree."""
    settings = load_settings(DeliverSettings, arguments.config, given_flags(arguments, DeliverSettings))
    delivery = _delivery(settings)
    ended = delivery.preview() if settings.dry_run else delivery.run()
    print("\n".join(f"{outcome}: {count:,}" for outcome, count in sorted(ended.items())) or "nothing to deliver")
    if ended["no_contact"]:
        print("  no_contact: the contacts name nobody for this author, scope and channel; these rows stay open")
    if ended["failed"] or ended["dead_letter"]:
        raise DeliveryError(
            f"{ended['failed']:,} rows could not be delivered yet and {ended['dead_letter']:,} were given up; "
            "outbox/deliveries says why, --retry-dead tries the latter once more"
        )
    return 0


def _delivery(settings: DeliverSettings) -> "Delivery":
    from mh_batch.consent import Ledger
    from mh_batch.followup import Consent, Contacts, Delivery, Outbox, load_contacts
    from mh_batch.scoring.keys import root_key
    from mh_batch.scoring.layout import OutputRoot

    sink, terms, root = _sink(settings), _terms(settings), OutputRoot.existing(settings.output)
    if sink and not settings.contacts:
        raise SettingsError(f"--sink {settings.sink} needs --contacts: whom the authors named")
    key = root_key(root, settings.key_file)
    contacts = load_contacts(settings.contacts, key) if settings.contacts else Contacts({})
    consent = Consent(Ledger.open(settings.consent), key, terms.moment)
    return Delivery(Outbox(root), sink, consent, contacts, _help_lines(settings.resources), key, terms)


def _terms(settings: DeliverSettings) -> "Terms":
    from mh_batch.followup import Terms

    by = {"delivered_by": settings.delivered_by} if settings.delivered_by else {}
    return Terms(settings.attempts, settings.max_age_days, settings.retry_dead, **by)


def _help_lines(file: Path | None) -> "HelpLines":
    from datetime import UTC, datetime

    from mh_batch.followup.help_lines import load_help_lines
    from mh_batch.scoring.progress import announce

    lines = load_help_lines(file)
    for warning in lines.stale(datetime.now(UTC).date()):
        announce(f"warning: {warning}")
    return lines


def _sink(settings: DeliverSettings) -> "Sink | None":
    sinks: dict[str, Callable[[DeliverSettings], Sink | None]]
    sinks = {"parquet": lambda _: None, "webhook": _webhook, "smtp": _smtp}
    return sinks[settings.sink](settings)


def _webhook(settings: DeliverSettings) -> "Sink":
    from mh_batch.followup.sinks import WebhookSink
    from mh_batch.followup.sinks.webhook import parse_secret

    url = _needed(settings.webhook_url, "--sink webhook needs --webhook-url")
    return WebhookSink(url, parse_secret(_secret(settings.webhook_secret_file)), settings.timeout)


def _secret(file: Path | None) -> str:
    if file is None:
        return _needed(os.environ.get(_SECRET), f"--sink webhook needs --webhook-secret-file, or {_SECRET}")
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{file} cannot be read, or holds no base64") from None


def _smtp(settings: DeliverSettings) -> "Sink":
    from mh_batch.followup.sinks import SmtpSink
    from mh_batch.followup.sinks.smtp import MailServer

    host = _needed(settings.smtp_host, "--sink smtp needs --smtp-host")
    sender = _needed(settings.mail_from, "--sink smtp needs --mail-from")
    login = os.environ.get(_USER), os.environ.get(_PASSWORD)
    return SmtpSink(MailServer(host, settings.smtp_port, settings.smtp_security, *login, settings.timeout), sender)


def _needed(value: T | None, message: str) -> T:
    if value is None:
        raise SettingsError(message)
    return value
