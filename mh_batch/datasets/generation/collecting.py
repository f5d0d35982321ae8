"""Waiting for batches to end, and fetching what they answered."""

import sys
import time
from collections.abc import Sequence

from mh_batch.datasets.generation.answers import Answer
from mh_batch.datasets.generation.folder import GenerationFolder
from mh_batch.datasets.generation.ledger import Ledger, Sending
from mh_batch.datasets.generation.patience import pauses
from mh_batch.datasets.generation.plan import Plan, parse_custom_id
from mh_batch.datasets.generation.providers import Asked, BatchState, LostAnswerError, Provider
from mh_batch.errors import ProviderError

_SECONDS_BETWEEN_EQUAL_LINES = 300.0


def collect(plan: Plan, provider: Provider, ledger: Ledger, folder: GenerationFolder) -> None:
    """Fetch the answers of all accepted batches, each as soon as it has ended."""
    waiting = {sending.batch or "": sending for sending in ledger.at("accepted")}
    telling = _Telling(len(waiting))
    while waiting:
        states = [provider.state(batch) for batch in waiting]
        telling.say(states)
        for state in states:
            if state.ended:
                sending = waiting.pop(state.batch)
                folder.keep(sending, fetch(provider, state.batch, asked_in(plan, sending)))
                ledger.move(sending, "collected")
        if waiting:
            time.sleep(provider.poll_seconds)


def await_end(provider: Provider, state: BatchState) -> None:
    """Wait until a batch has ended."""
    telling = _Telling(1)
    while not state.ended:
        time.sleep(provider.poll_seconds)
        state = provider.state(state.batch)
        telling.say([state])


def fetch(provider: Provider, batch: str, asked: Sequence[Asked]) -> list[Answer]:
    """Read the answers of an ended batch; where the stream breaks, again from its start.

    Raises:
        ProviderError: not all of them can be had.
    """
    for pause in pauses():
        try:
            answers = {answer.custom_id: answer for answer in provider.answers(batch, asked)}
        except LostAnswerError:
            answers = {}
        if all(one.custom_id in answers for one in asked):
            return [answers[one.custom_id] for one in asked]
        time.sleep(pause)
    raise ProviderError(f"the answers of batch {batch} did not come whole; start again later, nothing is sent twice")


def asked_in(plan: Plan, sending: Sending) -> list[Asked]:
    """Return what a sending carries."""
    return [Asked(one, plan.requests[parse_custom_id(one)[0]]) for one in sending.custom_ids]


class _Telling:
    """Says how far batches are: whenever that changes, and now and then where it does not."""

    def __init__(self, batches: int) -> None:
        self._batches, self._line = batches, ""
        self._started = self._said = time.monotonic()

    def say(self, unended: Sequence[BatchState]) -> None:
        ended = self._batches - sum(not state.ended for state in unended)
        counts = {
            name: sum(getattr(state, name) for state in unended)
            for name in ("processing", "succeeded", "errored", "canceled", "expired")
        }
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        line = f"batches ended: {ended:,} of {self._batches:,}" + (f"; requests: {told}" if told else "")
        now = time.monotonic()
        if line != self._line or now - self._said >= _SECONDS_BETWEEN_EQUAL_LINES:
            print(f"{line} ({(now - self._started) / 60:.0f} min)", file=sys.stderr, flush=True)
            self._line, self._said = line, now
