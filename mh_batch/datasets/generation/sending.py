"""Sending batches so that none is ever sent, and paid for, twice."""

import time
from collections.abc import Sequence
from contextlib import suppress

from mh_batch.common.backoff import pauses
from mh_batch.common.console import announce
from mh_batch.datasets.generation.collecting import asked_in, await_end
from mh_batch.datasets.generation.ledger import BatchLedger, Sending
from mh_batch.datasets.generation.plan import Plan
from mh_batch.datasets.generation.providers import Asked, BatchState, Provider
from mh_batch.errors import BatchRefusedError, LostAnswerError, ProviderError


def send(plan: Plan, provider: Provider, ledger: BatchLedger, asked: Sequence[Asked]) -> None:
    """Send a batch until it is accepted; where nobody says whether it was, look before it is sent again.

    Raises:
        ProviderError: it was not accepted; the ledger says so.
    """
    for pause in pauses():
        sending = ledger.intend(tuple(one.custom_id for one in asked), provider.newest_batch())
        try:
            ledger.move(sending, "accepted", provider.create(asked))
            return
        except LostAnswerError:
            if settle(plan, provider, ledger, sending):
                return
            time.sleep(pause)
        except BatchRefusedError as refused:
            ledger.move(sending, "not_accepted")
            patience = pause if refused.retry_after is None else refused.retry_after
            announce(f"{refused}; once more in {patience:.0f} s")
            time.sleep(patience)
        except ProviderError:
            ledger.move(sending, "not_accepted")
            raise
    raise ProviderError("no batch was accepted in many tries; start again later, nothing is sent twice")


def settle(plan: Plan, provider: Provider, ledger: BatchLedger, sending: Sending) -> bool:
    """Find out whether a batch was accepted of which nobody knows, and write it down."""
    announce(f"looking whether a batch of {len(sending.custom_ids):,} requests was accepted")
    time.sleep(provider.settle_seconds)
    batch = _recognised(plan, provider, ledger, sending)
    ledger.move(sending, "accepted" if batch else "not_accepted", batch)
    return batch is not None


def _recognised(plan: Plan, provider: Provider, ledger: BatchLedger, sending: Sending) -> str | None:
    """Return the batch that carries these attempts: names tell nothing, answers do, so it must have ended."""
    known = {other.batch for other in ledger.sendings}
    for state in provider.batches_since(sending.newest_before):
        if state.batch not in known and state.requests == len(sending.custom_ids):
            await_end(provider, state)
            if _carries(plan, provider, state, sending):
                return state.batch
    return None


def _carries(plan: Plan, provider: Provider, state: BatchState, sending: Sending) -> bool:
    ours, asked = set(sending.custom_ids), asked_in(plan, sending)
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
