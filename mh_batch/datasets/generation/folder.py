"""The output folder of a generation: what lies where, who may read it, and who works in it."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from mh_batch.datasets.generation.answers import Answer
from mh_batch.datasets.generation.ledger import Sending, sync_folder
from mh_batch.errors import BusyError, UsageError

_ANSWERS = "answers"


@dataclass(frozen=True)
class GenerationFolder:
    """Names within an output folder. Ledger and raw answers are for the owner alone."""

    root: Path

    @property
    def ledger(self) -> Path:
        """What has been sent."""
        return self.root / "ledger.jsonl"

    @property
    def plan(self) -> Path:
        """What is to be asked."""
        return self.root / "plan.jsonl"

    @property
    def texts(self) -> Path:
        """The texts that were taken."""
        return self.root / "texts.parquet"

    @property
    def refused(self) -> Path:
        """Why others were not."""
        return self.root / "refused.parquet"

    @property
    def summary(self) -> Path:
        """Counts; written last."""
        return self.root / "summary.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Work in the folder, which is made if missing, as the only process of this machine.

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

    def keep(self, sending: Sending, answers: Iterable[Answer]) -> None:
        """Write the answers of a batch, whole and on the disk, or not at all."""
        target = self._answers(sending)
        draft = target.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(asdict(answer), ensure_ascii=False) + "\n" for answer in answers)
            stream.flush()
            os.fsync(stream.fileno())
        draft.rename(target)
        sync_folder(target.parent)

    def kept(self, sending: Sending) -> list[Answer]:
        """Read the answers of a batch that was collected."""
        lines = self._answers(sending).read_text(encoding="utf-8").split("\n")
        return [Answer(**json.loads(line)) for line in lines if line]

    def _answers(self, sending: Sending) -> Path:
        return self.root / _ANSWERS / f"{sending.number:06d}.jsonl"
