"""Waiting for batches to end, and fetching what they answered."""

import time
from collections.abc import Sequence

from mh_batch.common.backoff import pauses
from mh_batch.datasets.generation.answers import Answer
from mh_batch.datasets.generation.batch_progress import BatchProgress
from mh_batch.datasets.generation.folder import GenerationFolder
from mh_batch.datasets.generation.ledger import BatchLedger, Sending
from mh_batch.datasets.generation.plan import Plan, parse_custom_id
from mh_batch.datasets.generation.providers import Asked, BatchState, Provider
from mh_batch.errors import LostAnswerError, ProviderError


def collect(plan: Plan, provider: Provider, ledger: BatchLedger, folder: GenerationFolder) -> None:
    """Fetch the answers of all accepted batches, each as soon as it has ended."""
    waiting = {sending.batch or "": sending for sending in ledger.at("accepted")}
    progress = BatchProgress(len(waiting))
    while waiting:
        states = [_look(provider, batch) for batch in waiting]
        progress.say(states)
        for state in states:
            if state.ended:
                sending = waiting.pop(state.batch)
                folder.keep(sending, fetch(provider, state.batch, asked_in(plan, sending)))
                ledger.move(sending, "collected")
        if waiting:
            time.sleep(provider.poll_seconds)


def await_end(provider: Provider, state: BatchState) -> None:
    """Wait until a batch has ended."""
    progress = BatchProgress(1)
    while not state.ended:
        time.sleep(provider.poll_seconds)
        state = _look(provider, state.batch)
        progress.say([state])


def _look(provider: Provider, batch: str) -> BatchState:
    """Look at a batch, through an outage of some minutes."""
    for pause in pauses():
        try:
            return provider.state(batch)
        except LostAnswerError:
            time.sleep(pause)
    return provider.state(batch)


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
