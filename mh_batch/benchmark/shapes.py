"""The exact engine against Hugging Face's model on batches of given shapes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from mh_batch.benchmark.peak import operations
from mh_batch.inference import TokenSequences, offsets_of
from mh_batch.inference.engines import Engine, exact
from mh_batch.inference.execution import DTYPES
from mh_batch.models.checkpoint import read_config


@dataclass(frozen=True)
class ShapeResult:
    """Medians over rounds for one shape and precision; the reference always computes in fp32.

    Attributes:
        windows: Windows in the batch.
        length: Tokens of each.
        precision: Of the exact engine.
        seconds: Exact engine.
        reference_seconds: Hugging Face.
        tokens_per_second: Exact engine.
        share_of_peak: Of the machine's matrix peak in that precision, measured in the same run.
        difference: Largest difference of logits.
    """

    windows: int
    length: int
    precision: str
    seconds: float
    reference_seconds: float
    tokens_per_second: float
    share_of_peak: float
    difference: float

    @property
    def ratio(self) -> float:
        """Speed as a multiple of the reference's."""
        return self.reference_seconds / self.seconds


def measure_shapes(
    folder: Path,
    shapes: Sequence[tuple[int, int]],
    peaks: Mapping[str, float],
    device: str,
    rounds: int,
    say: Callable[[str], None],
) -> list[ShapeResult]:
    """Measure each shape (windows, length) in turns: reference, then each precision of `peaks`, `rounds` times.

    Args:
        folder: Of the model.
        shapes: Windows and tokens of each.
        peaks: Floating-point operations per second of matrix products, by precision.
        device: "cpu" or "cuda".
        rounds: Figures are medians over them.
        say: Takes one line of progress at a time.
    """
    # transformers, which a bare machine lacks, is asked for by nobody else.
    from mh_batch.inference.engines.huggingface import HuggingFaceEngine

    config = read_config(folder)
    reference = HuggingFaceEngine(folder, device)
    engines = {name: exact.load(folder, config, device, DTYPES[name]) for name in peaks}
    found = []
    for windows, length in shapes:
        batch = random_windows(windows, length, int(config["vocab_size"]), np.random.default_rng(length))
        wanted = reference.logits(batch)
        differences = {name: float(np.abs(engine.logits(batch) - wanted).max()) for name, engine in engines.items()}
        seconds: dict[str, list[float]] = {name: [] for name in ("reference", *peaks)}
        for _ in range(rounds):
            seconds["reference"].append(_timed(reference, batch))
            for name, engine in engines.items():
                seconds[name].append(_timed(engine, batch))
        for name in peaks:
            own, tokens = median(seconds[name]), windows * length
            share = operations(config, tokens, length) / own / peaks[name]
            result = ShapeResult(
                windows,
                length,
                name,
                own,
                median(seconds["reference"]),
                tokens / own,
                share,
                differences[name],
            )
            say(f"{windows} x {length} tokens, {name}: {result.ratio:.1f} times Hugging Face, {share:.0%} of the peak")
            found.append(result)
    return found


def random_windows(windows: int, length: int, vocabulary: int, rng: np.random.Generator) -> TokenSequences:
    """Draw windows of one length; ids that stand for special tokens are left out.

    Args:
        windows: How many.
        length: Tokens of each.
        vocabulary: How many ids there are.
        rng: Draws them.
    """
    ids = rng.integers(5, vocabulary, windows * length).astype(np.int32)
    return TokenSequences(ids, offsets_of(np.full(windows, length)))


def _timed(engine: Engine, batch: TokenSequences) -> float:
    started = time.perf_counter()
    engine.logits(batch)
    return time.perf_counter() - started
