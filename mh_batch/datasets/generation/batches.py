"""Batches on their way: sent so that none is ever paid for twice, awaited, and their answers fetched."""

import time
from collections.abc import Sequence
from contextlib import suppress

from mh_batch.common.backoff import pauses
from mh_batch.common.console import announce
from mh_batch.datasets.generation.answers import ModelAnswer
from mh_batch.datasets.generation.batch_ledger import BatchLedger, Submission
from mh_batch.datasets.generation.batch_progress import BatchProgress
from mh_batch.datasets.generation.generation_folder import GenerationFolder
from mh_batch.datasets.generation.generation_plan import GenerationPlan, parse_custom_id
from mh_batch.datasets.generation.providers import BatchRequest, BatchState, Provider
from mh_batch.errors import BatchRefusedError, LostAnswerError, ProviderError


def collect(plan: GenerationPlan, provider: Provider, ledger: BatchLedger, folder: GenerationFolder) -> None:
    """Fetch the answers of all accepted batches, each as soon as it has ended.

    Args:
        plan: What was asked.
        provider: Who was asked.
        ledger: Which batches were accepted; written to.
        folder: Where the answers go.
    """
    waiting = {submission.batch or "": submission for submission in ledger.at("accepted")}
    progress = BatchProgress(len(waiting))
    while waiting:
        states = [_look(provider, batch) for batch in waiting]
        progress.say(states)
        for state in states:
            if state.ended:
                submission = waiting.pop(state.batch)
                folder.write_answers(submission, fetch(provider, state.batch, requests_in(plan, submission)))
                ledger.move(submission, "collected")
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


def fetch(provider: Provider, batch: str, asked: Sequence[BatchRequest]) -> list[ModelAnswer]:
    """Read the answers of an ended batch; where the stream breaks, again from its start.

    Args:
        provider: Who was asked.
        batch: The batch's name.
        asked: The requests that it carries.

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


def requests_in(plan: GenerationPlan, submission: Submission) -> list[BatchRequest]:
    """Return what a submission carries."""
    return [BatchRequest(one, plan.requests[parse_custom_id(one)[0]]) for one in submission.custom_ids]


def send(plan: GenerationPlan, provider: Provider, ledger: BatchLedger, asked: Sequence[BatchRequest]) -> None:
    """Send a batch until it is accepted; where nobody says whether it was, look before it is sent again.

    Args:
        plan: What is asked.
        provider: Who is asked.
        ledger: Where each attempt is written down before it is made.
        asked: The requests of the batch.

    Raises:
        ProviderError: it was not accepted; the ledger says so.
    """
    for pause in pauses():
        submission = ledger.intend(tuple(one.custom_id for one in asked), provider.newest_batch())
        try:
            ledger.move(submission, "accepted", provider.create(asked))
            return
        except LostAnswerError:
            if settle(plan, provider, ledger, submission):
                return
            time.sleep(pause)
        except BatchRefusedError as refused:
            ledger.move(submission, "not_accepted")
            wait = pause if refused.retry_after is None else refused.retry_after
            announce(f"{refused}; once more in {wait:.0f} s")
            time.sleep(wait)
        except ProviderError:
            ledger.move(submission, "not_accepted")
            raise
    raise ProviderError("no batch was accepted in many tries; start again later, nothing is sent twice")


def settle(plan: GenerationPlan, provider: Provider, ledger: BatchLedger, submission: Submission) -> bool:
    """Find out whether a batch was accepted of which nobody knows, and write it down.

    Args:
        plan: What is asked.
        provider: Who is asked.
        ledger: Where it is written down.
        submission: The batch.
    """
    announce(f"looking whether a batch of {len(submission.custom_ids):,} requests was accepted")
    time.sleep(provider.settle_seconds)
    batch = _recognised(plan, provider, ledger, submission)
    ledger.move(submission, "accepted" if batch else "not_accepted", batch)
    return batch is not None


def _recognised(plan: GenerationPlan, provider: Provider, ledger: BatchLedger, submission: Submission) -> str | None:
    """Return the batch that carries these attempts: only answers identify it, so it must have ended."""
    known = {other.batch for other in ledger.submissions}
    for state in provider.batches_since(submission.newest_before):
        if state.batch not in known and state.requests == len(submission.custom_ids):
            await_end(provider, state)
            if _carries(plan, provider, state, submission):
                return state.batch
    return None


def _carries(plan: GenerationPlan, provider: Provider, state: BatchState, submission: Submission) -> bool:
    ours, asked = set(submission.custom_ids), requests_in(plan, submission)
    for pause in pauses():
        found = set()
        with suppress(LostAnswerError):
            for answer in provider.answers(state.batch, asked):
                if answer.custom_id not in ours:
                    return False
                found.add(answer.custom_id)
        if found == ours:
            return True
        time.sleep(pause)
    raise ProviderError(
        f"batch {state.batch} may be ours, but cannot be read; start again later, nothing is sent twice"
    )
