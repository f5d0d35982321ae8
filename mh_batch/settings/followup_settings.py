"""Settings of follow-ups."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from mh_batch.settings.privacy_settings import KeySettings
from mh_batch.settings.run_settings import RunSettings


class FollowupSettings(KeySettings, RunSettings):
    """Settings of `mh-batch followup`."""

    policy: Path = Field(description="YAML file that says what follows from scores; --example-policy prints one")
    consent: str = Field(description="consent ledger: Parquet or CSV file, or a folder of them")
    issued_by: str | None = Field(None, min_length=1, description="who issues; the user of the system if unset")
    dry_run: bool = Field(False, description="say what would be issued, and issue nothing")


class DeliverSettings(KeySettings):
    """Settings of `mh-batch deliver`."""

    consent: str = Field(description="consent ledger, which is looked at once more: Parquet or CSV file, or a folder")
    sink: Literal["parquet", "webhook", "smtp"] = Field(
        "parquet", description="parquet sends nothing: the log says which rows of the outbox may be acted upon"
    )
    contacts: str | None = Field(None, description="whom authors named, Parquet or CSV; needed to send anything")
    resources: Path | None = Field(None, description="YAML file whose countries and languages replace those that ship")
    delivered_by: str | None = Field(None, min_length=1, description="who asks for it; the user of the system if unset")
    attempts: int = Field(
        5, ge=1, le=100, description="attempts at a row, in all deliveries together, before it is given up"
    )
    retry_dead: bool = Field(False, description="also try once more what was given up")
    timeout: float = Field(10.0, gt=0, description="seconds for an attempt")
    webhook_url: str | None = Field(None, description="https address to post to")
    webhook_secret_file: Path | None = Field(
        None, description="file with the secret of the signatures, base64; else the variable MH_BATCH_WEBHOOK_SECRET"
    )
    smtp_host: str | None = Field(
        None, description="mail server; login in MH_BATCH_SMTP_USER and MH_BATCH_SMTP_PASSWORD"
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how mail is kept secret on its way"
    )
    mail_from: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+$", description="address that mails come from")
    dry_run: bool = Field(False, description="say what would be delivered and withheld, and send nothing")
