"""A model as ONNX graphs that agree with it: written, compared with the original, and only then put in place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mh_batch.common.atomic_folder import check_new, draft_of
from mh_batch.errors import ModelError, PlatformError
from mh_batch.inference import TokenSequences
from mh_batch.inference.engines import exact
from mh_batch.inference.engines.transfer import padded
from mh_batch.models import CARD_FILE, Model, model_files
from mh_batch.models.card import Task, card_as_yaml
from mh_batch.models.checkpoint import GRAPHS, GraphPrecision, read_config

# Around the edges of Longformer's windows and blocks, and its longest input.
LENGTHS = (1, 63, 512, 513, 1_500, 4_096)
_FP32_TOLERANCE = 1e-4
# Of the largest logit: what eight bits cost is a matter for the evaluation, but a broken graph is not kept.
_INT8_TOLERANCE = 0.25
_SEED = 0

_INSTALL = "exporting needs packages that are not installed: pip install 'mh-batch[onnx]'"
_REPORT = "export.json"


@dataclass(frozen=True)
class Parity:
    """Logits of a graph against those of Hugging Face's implementation in fp32, on random tokens.

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
        """Whether it is near enough for its precision."""
        if precision == "fp32":
            return self.largest_difference <= _FP32_TOLERANCE
        return self.largest_difference <= _INT8_TOLERANCE * self.largest_logit

    def described(self) -> str:
        """Return it in words."""
        lengths = ", ".join(f"{length:,}" for length in self.lengths)
        return (
            f"logits differ by {self.largest_difference:.1e} at most (the largest is {self.largest_logit:.1f}) at "
            f"lengths {lengths}; {self.agreement:.1%} of the decisions agree"
        )


@dataclass(frozen=True)
class Reference:
    """Logits of Hugging Face's implementation on random windows, each computed alone.

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


@dataclass(frozen=True)
class OnnxExport:
    """An exported folder, and how far each of its graphs is from the original."""

    folder: Path
    parity: Mapping[GraphPrecision, Parity]


def export_model(
    model: Model, output: Path, precisions: Sequence[GraphPrecision], say: Callable[[str], None]
) -> OnnxExport:
    """Write a model's ONNX graphs, tokenizer, configuration and card to a new folder, which `--model` then takes.

    The graphs take any number of windows of any length up to the model's: `input_ids` and `attention_mask` (windows x
    length) in, `logits` (windows x labels) out. Nothing is left in place unless they agree with the original.

    Args:
        model: A RoBERTa, XLM-R or Longformer sequence classifier.
        output: The folder to make.
        precisions: "fp32", "int8" (dynamic, weights per output channel).
        say: Takes one line of progress at a time.

    Raises:
        UsageError: the folder exists.
        ModelError: the architecture is none of these, or a graph does not agree with the model.
        PlatformError: packages are missing.
    """
    check_new(output)
    config = read_config(model.folder)
    if not exact.fits(model.folder, config):
        raise ModelError(
            f"{model.card.name} is not exported: known are RoBERTa, XLM-R and Longformer sequence classifiers in one "
            f"safetensors file, and this is {config.get('model_type', 'something else')}"
        )
    with draft_of(output) as draft:
        reference = reference_of(model)
        parity = {precision: _add_graph(model, reference, draft, precision, say) for precision in precisions}
        _add_companions(model, draft, parity)
    return OnnxExport(output, parity)


def _add_graph(
    model: Model, reference: Reference, folder: Path, precision: GraphPrecision, say: Callable[[str], None]
) -> Parity:
    try:
        from mh_batch.inference.engines.onnx_graph import graph_of
    except ImportError:
        raise PlatformError(_INSTALL) from None
    say(f"exporting {model.card.name} in {precision}")
    made = graph_of(model.folder, read_config(model.folder), precision, model.files_digest)
    for path in made.parent.iterdir():
        shutil.copyfile(path, folder / path.name)
    say(f"comparing {GRAPHS[precision]} with the original")
    parity = graph_parity(reference, folder / GRAPHS[precision])
    if not parity.acceptable(precision):
        raise ModelError(
            f"the graph of {model.card.name} in {precision} does not agree with the model: {parity.described()}. "
            "It is not kept; please report this with the model's config.json"
        )
    return parity


def _add_companions(model: Model, folder: Path, parity: Mapping[GraphPrecision, Parity]) -> None:
    weights = {path for path in model_files(model.folder) if ".safetensors" in path.name}
    for source in dict.fromkeys((model.folder, model.tokenizer_folder)):
        for path in set(model_files(source)) - weights:
            shutil.copyfile(path, folder / path.name)
    card = model.card.model_copy(update={"name": f"{model.card.name}-onnx", "hub": None, "tokenizer": None})
    (folder / CARD_FILE).write_text(card_as_yaml(card), "utf-8")
    report = {
        "model": model.card.name,
        "files_digest": model.files_digest,
        "torch": torch.__version__,
        "parity": {precision: asdict(found) for precision, found in parity.items()},
    }
    (folder / _REPORT).write_text(json.dumps(report, indent=2), "utf-8")
