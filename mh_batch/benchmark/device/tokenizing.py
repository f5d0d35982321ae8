"""Processes that tokenise side by side, as the tasks of a job do."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import TracebackType
from typing import Self

from mh_batch.inference.token_sequences import TokenizedTexts
from mh_batch.inference.tokenization import TextTokenizer

# As many rows as a job's Arrow batch holds, and fewer where there are not enough for all processes.
_MOST_TEXTS = 1000
_CHUNKS_PER_PROCESS = 4
_SECONDS_TO_START = 120.0

_tokenizer: TextTokenizer


class TokenizingProcesses:
    """A tokenizer in each of several processes."""

    def __init__(self, folder: Path, processes: int) -> None:
        """Start the processes, each with the tokenizer in `folder`."""
        self._processes = processes
        # Not forked: what a process holds of the device, or of threads, must not be copied.
        context = multiprocessing.get_context("spawn")
        everybody = context.Barrier(processes)
        self._pool = ProcessPoolExecutor(processes, context, initializer=_load, initargs=(folder, everybody))
        # None answers before all are ready: what starting costs must not be measured.
        self.tokenize(["A text."] * processes * _CHUNKS_PER_PROCESS)

    def tokenize(self, texts: Sequence[str]) -> list[TokenizedTexts]:
        """Return texts as token ids, in parts, in order."""
        size = max(1, min(_MOST_TEXTS, len(texts) // (_CHUNKS_PER_PROCESS * self._processes)))
        chunks = [texts[start : start + size] for start in range(0, len(texts), size)]
        return list(self._pool.map(_tokenize, chunks))

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes."""
        self._pool.shutdown()


def _load(folder: Path, everybody: Barrier) -> None:
    global _tokenizer
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    _tokenizer = TextTokenizer(folder)
    everybody.wait(_SECONDS_TO_START)


def _tokenize(texts: Sequence[str]) -> TokenizedTexts:
    return _tokenizer.tokenize(texts)
