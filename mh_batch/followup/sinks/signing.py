"""Signatures of webhooks, as Standard Webhooks defines them (https://www.standardwebhooks.com)."""

import base64
import hmac

from mh_batch.errors import SettingsError

_PREFIX = "whsec_"
_LEAST_SECRET_BYTES = 24


def parse_secret(text: str) -> bytes:
    """Return the secret that a file or variable holds: base64, after `whsec_` if that stands there.

    Raises:
        SettingsError: it is none, or too short.
    """
    try:
        secret = base64.b64decode(text.strip().removeprefix(_PREFIX), validate=True)
    except ValueError:
        secret = b""
    if len(secret) < _LEAST_SECRET_BYTES:
        raise SettingsError(
            f"the webhook's secret must be base64 of {_LEAST_SECRET_BYTES} bytes or more, "
            "such as `openssl rand -base64 32` prints"
        )
    return secret


def signature(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the `webhook-signature` of a message: HMAC-SHA-256 over id, timestamp and body."""
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
