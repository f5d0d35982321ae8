"""How far an ONNX graph is from the model that it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mh_batch.inference.engines.transfer import padded
from mh_batch.inference.token_sequences import TokenSequences
from mh_batch.models import Model
from mh_batch.models.card import Task
from mh_batch.models.checkpoint import read_config

# Around the edges of Longformer's windows and blocks, and its longest input.
LENGTHS = (1, 63, 512, 513, 1_500, 4_096)
_FP32_TOLERANCE = 1e-4
# Of the largest logit: what eight bits cost is a matter for the evaluation, but a broken graph is not kept.
_INT8_TOLERANCE = 0.25
_SEED = 0


@dataclass(frozen=True)
class Parity:
    """Logits of a graph beside those of Hugging Face's implementation in fp32, on random tokens.

    Attributes:
        lengths: Tokens of the windows compared, one window each, and once all together, padded.
        largest_difference: Of any logit.
        largest_logit: Of the original's, away from zero.
        agreement: Share of the logits on the same side of their label's decision: 0 for independent labels, the
            greatest of them for exclusive ones.
    """

    lengths: tuple[int, ...]
    largest_difference: float
    largest_logit: float
    agreement: float

    def acceptable(self, precision: str) -> bool:
        """Tell whether it is near enough for its precision."""
        if precision == "fp32":
            return self.largest_difference <= _FP32_TOLERANCE
        return self.largest_difference <= _INT8_TOLERANCE * self.largest_logit

    def told(self) -> str:
        """Say it in words."""
        lengths = ", ".join(f"{length:,}" for length in self.lengths)
        return (
            f"logits differ by {self.largest_difference:.1e} at most (the largest is {self.largest_logit:.1f}) at "
            f"lengths {lengths}; {self.agreement:.1%} of the decisions agree"
        )


@dataclass(frozen=True)
class Reference:
    """What Hugging Face's implementation says of random windows, each computed alone.

    Attributes:
        windows: Token ids.
        logits: Windows x labels.
        pad_id: What shorter windows are padded with.
        task: Of the model.
    """

    windows: list[list[int]]
    logits: NDArray[np.float64]
    pad_id: int
    task: Task


def reference_of(model: Model) -> Reference:
    """Draw windows of several lengths, up to the model's longest, and compute them."""
    from mh_batch.inference.engines.huggingface import HuggingFaceEngine

    config = read_config(model.folder)
    pad_id = int(config.get("pad_token_id", 1))
    windows = _random_windows(int(config["vocab_size"]), model.card.max_tokens, pad_id)
    original = HuggingFaceEngine(model.folder)
    logits = np.concatenate([original.logits(TokenSequences.of([window])) for window in windows])
    return Reference(windows, logits, pad_id, model.card.task)


def graph_parity(reference: Reference, graph: Path) -> Parity:
    """Compare a graph with the reference, window by window and padded together."""
    from onnxruntime import InferenceSession

    session = InferenceSession(str(graph), providers=["CPUExecutionProvider"])

    def logits(together: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        ids, valid = padded(TokenSequences.of(together), reference.pad_id)
        fed = {"input_ids": ids.numpy(), "attention_mask": valid.long().numpy()}
        return np.asarray(session.run(None, fed)[0], dtype=np.float64)

    apart = np.concatenate([logits([window]) for window in reference.windows])
    found = np.concatenate([apart, logits(reference.windows)])
    wanted = np.concatenate([reference.logits, reference.logits])
    return Parity(
        tuple(len(window) for window in reference.windows),
        float(np.abs(found - wanted).max()),
        float(np.abs(wanted).max()),
        float((_decisions(found, reference.task) == _decisions(wanted, reference.task)).mean()),
    )


def _random_windows(vocabulary: int, longest: int, pad_id: int) -> list[list[int]]:
    draw = np.random.default_rng(_SEED)
    lengths = [length for length in LENGTHS if length < longest] + [longest]
    words = np.setdiff1d(np.arange(vocabulary), [pad_id])
    return [draw.choice(words, length).tolist() for length in lengths]


def _decisions(logits: NDArray[np.float64], task: Task) -> NDArray[np.bool_]:
    return logits > 0 if task == "multi_label" else logits == logits.max(axis=1, keepdims=True)
