"""Notices posted to an HTTP address, signed as Standard Webhooks asks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from mh_batch._version import __version__
from mh_batch.errors import SettingsError
from mh_batch.followup.notices import Notice
from mh_batch.followup.sinks.base import SinkResponse

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
    """Return the `webhook-signature` of a message: HMAC-SHA-256 over id, timestamp and body.

    Args:
        secret: As `parse_secret` returns it.
        message_id: The `webhook-id`.
        timestamp: The `webhook-timestamp`, in seconds.
        body: The message as it is posted.
    """
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


class WebhookSink:
    """Posts JSON. `Idempotency-Key` and `webhook-id` are the row's id, the same in each attempt."""

    name = "webhook"
    channel = "webhook"

    def __init__(self, url: str, secret: bytes, timeout: float) -> None:
        """Check the address.

        Args:
            url: Where to post to; https, or http on this machine.
            secret: What signatures are made with, as `parse_secret` returns it.
            timeout: Seconds for a whole attempt.

        Raises:
            SettingsError: the address is none, or would send what is confidential in the clear.
        """
        self._parts = urlsplit(url)
        if self._parts.scheme not in ("http", "https") or not self._parts.hostname:
            raise SettingsError("the webhook's address is no URL: expected https://host/path")
        if self._parts.scheme == "http" and not _is_this_machine(self._parts.hostname):
            raise SettingsError("the webhook's address is not encrypted: use https, http is for this machine only")
        self._secret, self._timeout = secret, timeout

    def send(self, notice: Notice) -> SinkResponse:
        """Post once. 2xx delivers; 408, 425, 429, 5xx and silence may be tried again; anything else is refused."""
        body = json.dumps(notice.as_json(), ensure_ascii=False).encode()
        try:
            connection = self._connect()
        except OSError as error:
            return _no_answer(error)
        with _limited(connection, self._timeout) as ran_out:
            try:
                connection.request("POST", self._path(), body, self._headers(notice.row.outbox_id, body))
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                return _no_answer(TimeoutError() if ran_out() else error)
            # Who hangs up in the middle of an answer has read half of it.
            return _no_answer(TimeoutError()) if ran_out() else _answer(response)

    def _connect(self) -> http.client.HTTPConnection:
        host, port = str(self._parts.hostname), self._parts.port
        connection: http.client.HTTPConnection
        if self._parts.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        connection.connect()
        return connection

    def _path(self) -> str:
        query = f"?{self._parts.query}" if self._parts.query else ""
        return (self._parts.path or "/") + query

    def _headers(self, key: str, body: bytes) -> dict[str, str]:
        at = str(int(time.time()))
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"mh-batch/{__version__}",
            "Idempotency-Key": key,
            "webhook-id": key,
            "webhook-timestamp": at,
            "webhook-signature": signature(self._secret, key, at, body),
        }


def _answer(response: http.client.HTTPResponse) -> SinkResponse:
    status = response.status
    if 200 <= status < 300:
        return SinkResponse(True, f"http {status}")
    may_retry = status >= 500 or status in (408, 425, 429)
    return SinkResponse(False, f"http {status}", may_retry, _seconds(response.headers.get("Retry-After")))


def _no_answer(error: Exception) -> SinkResponse:
    return SinkResponse(False, type(error).__name__, may_retry=True)


def _seconds(retry_after: str | None) -> float | None:
    """Seconds that `Retry-After` asks for, be it a number or a date; None if it says nothing."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _limited(connection: http.client.HTTPConnection, seconds: float) -> Iterator[Callable[[], bool]]:
    """Hang up after so many seconds, and at the end; gives a function that says whether they ran out.

    A socket's own timeout starts anew with each byte: whoever sends one now and then would hold us for ever.
    """
    out = threading.Event()
    line = connection.sock

    def hang_up() -> None:
        out.set()
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(seconds, hang_up)
    watch.start()
    try:
        yield out.is_set
    finally:
        watch.cancel()
        connection.close()
