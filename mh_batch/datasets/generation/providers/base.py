"""The protocol of all providers: batches are created, looked at, and read when they have ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from mh_batch.datasets.generation.answers import ModelAnswer
from mh_batch.datasets.generation.generation_plan import Request


@dataclass(frozen=True)
class BatchRequest:
    """A request as it is sent: under the name of this attempt."""

    custom_id: str
    request: Request


@dataclass(frozen=True)
class BatchState:
    """The state of a batch, as its provider reports it; most count their requests only once the batch has ended."""

    batch: str
    ended: bool
    processing: int
    succeeded: int
    errored: int
    canceled: int
    expired: int

    @property
    def requests(self) -> int:
        """All requests of the batch."""
        return self.processing + self.succeeded + self.errored + self.canceled + self.expired


class Provider(Protocol):
    """A writer of texts.

    Attributes:
        poll_seconds: Seconds between two looks at a batch.
        settle_seconds: Seconds after which an accepted batch is sure to be listed.
    """

    poll_seconds: float
    settle_seconds: float

    def newest_batch(self) -> str | None:
        """Return the batch that was created last, by anybody on this account; None if there is none."""

    def create(self, asked: Sequence[BatchRequest]) -> str:
        """Send a batch and return its name. It is sent once.

        Raises:
            BatchRefusedError: it was not accepted, and may be later.
            LostAnswerError: it may or may not have been accepted.
            ProviderError: it was not accepted, and never will be.
        """

    def batches_since(self, newest: str | None) -> Iterator[BatchState]:
        """Yield the batches created after `newest`, the last one first; all if None or unknown."""

    def state(self, batch: str) -> BatchState:
        """Look at a batch."""

    def answers(self, batch: str, asked: Sequence[BatchRequest]) -> Iterator[ModelAnswer]:
        """Yield what became of the requests of an ended batch, in any order.

        Raises:
            LostAnswerError: the stream broke; it can be read again from its start.
            ProviderError: the answers cannot be had.
        """
