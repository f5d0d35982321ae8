"""The output folder of a generation, and what it says of a plan: answers so far, and requests still to be sent."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from mh_batch.datasets.generation.answers import ModelAnswer
from mh_batch.datasets.generation.batch_ledger import BatchLedger, Submission, sync_folder
from mh_batch.datasets.generation.generation_plan import GenerationPlan, Request, parse_custom_id
from mh_batch.datasets.generation.providers import BatchRequest
from mh_batch.errors import BusyError, UsageError

_ANSWERS = "answers"

_ATTEMPTS = 3
# To ask again would give the same answer.
_HOPELESS = frozenset({"invalid_request_error", "authentication_error", "permission_error", "not_found_error"})


@dataclass(frozen=True)
class GenerationFolder:
    """Names within an output folder. Ledger and raw answers are for the owner alone."""

    root: Path

    @property
    def ledger(self) -> Path:
        """The ledger of submitted batches."""
        return self.root / "ledger.jsonl"

    @property
    def plan(self) -> Path:
        """The plan."""
        return self.root / "plan.jsonl"

    @property
    def texts(self) -> Path:
        """The texts that were taken."""
        return self.root / "texts.parquet"

    @property
    def refused(self) -> Path:
        """The reasons for which others were not."""
        return self.root / "refused.parquet"

    @property
    def summary(self) -> Path:
        """Counts; written last."""
        return self.root / "summary.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Work in the folder, which is made if missing, as the only process on this machine.

        Raises:
            BusyError: another one works there.
            UsageError: the folder cannot be made.
        """
        try:
            (self.root / _ANSWERS).mkdir(parents=True, mode=0o700, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.root} cannot be an output folder: {error.strerror}") from None
        with (self.root / "lock").open("w") as lock:
            try:
                # Given back by the system when the process ends, however it ends.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(f"another process generates into {self.root}; wait for it to end, or end it") from None
            yield

    def write_answers(self, submission: Submission, answers: Iterable[ModelAnswer]) -> None:
        """Write the answers of a batch, whole and on the disk, or not at all."""
        target = self._answers(submission)
        draft = target.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(asdict(answer), ensure_ascii=False) + "\n" for answer in answers)
            stream.flush()
            os.fsync(stream.fileno())
        draft.rename(target)
        sync_folder(target.parent)

    def read_answers(self, submission: Submission) -> list[ModelAnswer]:
        """Read the answers of a batch that was collected."""
        lines = self._answers(submission).read_text(encoding="utf-8").split("\n")
        return [ModelAnswer(**json.loads(line)) for line in lines if line]

    def _answers(self, submission: Submission) -> Path:
        return self.root / _ANSWERS / f"{submission.number:06d}.jsonl"


@dataclass(frozen=True)
class Outcomes:
    """Attempts at the requests of a plan.

    Attributes:
        latest: The latest attempt (from 0) at each request that was ever sent, whether answered or under way.
        answers: Every answer, by `custom_id`.
        batches: The batch that brought it, by `custom_id`.
    """

    plan: GenerationPlan
    latest: Mapping[int, int]
    answers: Mapping[str, ModelAnswer]
    batches: Mapping[str, str]

    def to_ask(self) -> list[BatchRequest]:
        """The attempts to be sent now: first ones, and next ones where the API failed and may not do so again."""
        attempts = [(request, self._next_attempt(request)) for request in self.plan.requests]
        return [
            BatchRequest(self.plan.custom_id(request.number, attempt), request)
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

    def succeeded(self) -> Iterator[tuple[Request, ModelAnswer]]:
        """The requests that were answered, in the plan's order, with the answer."""
        for request in self.plan.requests:
            answer = self._latest_answer(request)
            if answer is not None and answer.fate == "succeeded":
                yield request, answer

    def _latest_answer(self, request: Request) -> ModelAnswer | None:
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


def read_outcomes(plan: GenerationPlan, ledger: BatchLedger, folder: GenerationFolder) -> Outcomes:
    """Return what the ledger and the stored answers say of a plan.

    Args:
        plan: What is asked.
        ledger: Which batches were sent.
        folder: Where their answers are.
    """
    latest: dict[int, int] = {}
    for submission in ledger.at("intended", "accepted", "collected"):
        for number, attempt in map(parse_custom_id, submission.custom_ids):
            latest[number] = max(attempt, latest.get(number, 0))
    answers: dict[str, ModelAnswer] = {}
    batches: dict[str, str] = {}
    for submission in ledger.at("collected"):
        kept = {answer.custom_id: answer for answer in folder.read_answers(submission)}
        answers |= kept
        batches |= dict.fromkeys(kept, submission.batch or "")
    return Outcomes(plan, latest, answers, batches)
