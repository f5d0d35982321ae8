"""The protocol of all sinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mh_batch.followup.notices import Notice


@dataclass(frozen=True)
class SinkResponse:
    """The outcome of one attempt.

    Attributes:
        delivered: Whether the receiver took it.
        detail: A status, or the name of an error; never what the receiver said.
        may_retry: Whether another attempt may help, if it was not delivered.
        retry_after: Seconds that the receiver asks to wait first.
    """

    delivered: bool
    detail: str
    may_retry: bool = False
    retry_after: float | None = None


class Sink(Protocol):
    """A channel that delivers notices, one at a time; what it does not deliver it explains, it does not raise."""

    name: str
    channel: str

    def send(self, notice: Notice) -> SinkResponse:
        """Attempt to deliver once."""
