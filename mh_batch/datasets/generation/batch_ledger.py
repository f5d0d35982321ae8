"""A ledger of submitted batches that survives a kill: a submission is written down before it is made.

One JSON object a line, on the disk before `append` returns. A line that a kill cut off says nothing: whatever it was to
say had not been acted upon.
"""

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from mh_batch.errors import ProviderError, UsageError

Stage = Literal["intended", "accepted", "not_accepted", "collected"]


@dataclass(frozen=True)
class Submission:
    """A batch that was to be sent.

    Attributes:
        number: Its place in the ledger, from 0.
        custom_ids: The attempts that it carries.
        newest_before: The newest batch of the account just before it was sent.
        stage: `intended` means that nobody knows whether it was accepted.
        batch: Its name, once it is accepted.
    """

    number: int
    custom_ids: tuple[str, ...]
    newest_before: str | None
    stage: Stage = "intended"
    batch: str | None = None


class BatchLedger:
    """The submissions of an output folder."""

    def __init__(self, file: Path) -> None:
        """Read what the file says; it is made when something is first written.

        Raises:
            ProviderError: the file is damaged.
        """
        self._file = file
        self._sendings: dict[int, Submission] = {}
        try:
            for line in _whole_lines(file):
                self._apply(json.loads(line))
        except (ValueError, KeyError, TypeError):
            raise ProviderError(
                f"{file} is damaged: without it nobody knows what has been paid for; restore it"
            ) from None

    @property
    def submissions(self) -> list[Submission]:
        """All submissions, in their order."""
        return list(self._sendings.values())

    def at(self, *stages: Stage) -> list[Submission]:
        """The submissions that are at one of these stages."""
        return [submission for submission in self.submissions if submission.stage in stages]

    def check_plan(self, digest: str) -> None:
        """Raise UsageError if something was sent for another plan."""
        if any(not submission.custom_ids[0].startswith(digest) for submission in self.submissions):
            raise UsageError(
                f"{self._file.parent} holds answers to another plan (recipe, seed, number of texts, provider): "
                "give the same ones again, or another --output"
            )

    def intend(self, custom_ids: tuple[str, ...], newest_before: str | None) -> Submission:
        """Write down that a batch is about to be sent."""
        number = len(self._sendings)
        self._append({"event": "intended", "number": number, "ids": custom_ids, "newest_before": newest_before})
        return self._sendings[number]

    def move(self, submission: Submission, stage: Stage, batch: str | None = None) -> None:
        """Write down what became of a submission.

        Args:
            submission: The submission.
            stage: The stage that it has reached.
            batch: The batch's name, where it has just become known.
        """
        self._append({"event": stage, "number": submission.number, "batch": batch or submission.batch})

    def _append(self, event: dict[str, Any]) -> None:
        line = json.dumps({**event, "at": time.time()}).encode() + b"\n"
        new = not self._file.exists()
        with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        if new:
            sync_folder(self._file.parent)
        self._apply(event)

    def _apply(self, event: dict[str, Any]) -> None:
        if event["event"] == "intended":
            submission = Submission(event["number"], tuple(event["ids"]), event["newest_before"])
        else:
            submission = replace(self._sendings[event["number"]], stage=event["event"], batch=event["batch"])
        self._sendings[submission.number] = submission


def _whole_lines(file: Path) -> list[bytes]:
    """Read the lines, after what a kill left of a last one has been taken off."""
    if not file.exists():
        return []
    content = file.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(file, len(whole))
    return whole.splitlines()


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
