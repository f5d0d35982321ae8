"""`mh-batch deliver`: the outbox delivered to a sink, as far as its authors still agree."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mh_batch.commands.base import Command
from mh_batch.common.console import warn
from mh_batch.errors import DeliveryError, SettingsError
from mh_batch.settings import DeliverSettings

if TYPE_CHECKING:
    from mh_batch.followup import Delivery, Sink
    from mh_batch.followup.notices import HelpLines

_SECRET = "MH_BATCH_WEBHOOK_SECRET"
_USER, _PASSWORD = "MH_BATCH_SMTP_USER", "MH_BATCH_SMTP_PASSWORD"
T = TypeVar("T")


def _run(settings: DeliverSettings) -> int:
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
    from mh_batch.followup import Contacts, CurrentConsent, Delivery, Outbox, Terms, load_contacts
    from mh_batch.followup.notices import load_help_lines
    from mh_batch.followup.outbox_rows import this_user
    from mh_batch.output import OutputRoot, root_key

    sink, help_lines, root = _sink(settings), load_help_lines(settings.resources), OutputRoot.existing(settings.output)
    if sink:
        _needed(settings.contacts, f"--sink {settings.sink} needs --contacts: whom the authors named")
        _warn_of_stale(help_lines)
    terms = Terms(settings.attempts, settings.retry_dead, settings.delivered_by or this_user())
    key = root_key(root, settings.key_file)
    contacts = load_contacts(settings.contacts, key) if settings.contacts else Contacts({})
    return Delivery(Outbox(root), sink, CurrentConsent(settings.consent, key), contacts, help_lines, key, terms)


def _warn_of_stale(help_lines: "HelpLines") -> None:
    for warning in help_lines.stale(datetime.now(UTC).date()):
        warn(warning)


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


COMMAND = Command("deliver", DeliverSettings, _run, "deliver what was issued, to whom authors agreed to")
