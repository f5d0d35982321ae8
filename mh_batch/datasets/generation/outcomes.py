"""What has become of a plan so far, and what is still to be asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mh_batch.datasets.generation.answers import Answer
from mh_batch.datasets.generation.folder import GenerationFolder
from mh_batch.datasets.generation.ledger import BatchLedger
from mh_batch.datasets.generation.plan import Plan, Request, parse_custom_id
from mh_batch.datasets.generation.providers import Asked

_ATTEMPTS = 3
# To ask again would give the same answer.
_HOPELESS = frozenset({"invalid_request_error", "authentication_error", "permission_error", "not_found_error"})


@dataclass(frozen=True)
class Outcomes:
    """Attempts at the requests of a plan.

    Attributes:
        latest: The latest attempt (from 0) at each request that was ever sent, whether answered or under way.
        answers: Every answer, by `custom_id`.
        batches: The batch that brought it, by `custom_id`.
    """

    plan: Plan
    latest: Mapping[int, int]
    answers: Mapping[str, Answer]
    batches: Mapping[str, str]

    def to_ask(self) -> list[Asked]:
        """The attempts to be sent now: first ones, and next ones where the API failed and may not do so again."""
        attempts = [(request, self._next_attempt(request)) for request in self.plan.requests]
        return [
            Asked(self.plan.custom_id(request.number, attempt), request)
            for request, attempt in attempts
            if attempt is not None
        ]

    def unanswered(self) -> list[Request]:
        """The requests that are under way or to be asked."""
        to_ask = {asked.request.number for asked in self.to_ask()}
        return [one for one in self.plan.requests if one.number in to_ask or self._is_under_way(one)]

    def given_up(self) -> int:
        """Number of requests that failed and are not asked again."""
        return len(self.plan.requests) - len(self.unanswered()) - len(list(self.succeeded()))

    def succeeded(self) -> Iterator[tuple[Request, Answer]]:
        """The requests that were answered, in the plan's order, with the answer."""
        for request in self.plan.requests:
            answer = self._latest_answer(request)
            if answer is not None and answer.fate == "succeeded":
                yield request, answer

    def _latest_answer(self, request: Request) -> Answer | None:
        attempt = self.latest.get(request.number)
        return None if attempt is None else self.answers.get(self.plan.custom_id(request.number, attempt))

    def _is_under_way(self, request: Request) -> bool:
        return request.number in self.latest and self._latest_answer(request) is None

    def _next_attempt(self, request: Request) -> int | None:
        if request.number not in self.latest:
            return 0
        answer, following = self._latest_answer(request), self.latest[request.number] + 1
        failed = answer is not None and answer.fate != "succeeded" and answer.error not in _HOPELESS
        return following if failed and following < _ATTEMPTS else None


def outcomes(plan: Plan, ledger: BatchLedger, folder: GenerationFolder) -> Outcomes:
    """Read what the ledger and the kept answers say of a plan."""
    latest: dict[int, int] = {}
    for sending in ledger.at("intended", "accepted", "collected"):
        for number, attempt in map(parse_custom_id, sending.custom_ids):
            latest[number] = max(attempt, latest.get(number, 0))
    answers: dict[str, Answer] = {}
    batches: dict[str, str] = {}
    for sending in ledger.at("collected"):
        kept = {answer.custom_id: answer for answer in folder.kept(sending)}
        answers |= kept
        batches |= dict.fromkeys(kept, sending.batch or "")
    return Outcomes(plan, latest, answers, batches)
