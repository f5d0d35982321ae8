"""A model as ONNX graphs that agree with it: written, compared with the original, and only then put in place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from mh_batch.common.atomic_folder import check_new, draft_of
from mh_batch.errors import ModelError, PlatformError
from mh_batch.evaluation.parity import Parity, Reference, graph_parity, reference_of
from mh_batch.inference.engines import exact
from mh_batch.models import Model, model_files
from mh_batch.models.card import CARD_FILE, card_as_yaml
from mh_batch.models.checkpoint import GRAPHS, GraphPrecision, read_config

_INSTALL = "exporting needs packages that are not installed: pip install 'mh-batch[onnx]'"
_REPORT = "export.json"


@dataclass(frozen=True)
class Exported:
    """An exported folder, and how far each of its graphs is from the original."""

    folder: Path
    parity: Mapping[GraphPrecision, Parity]


def export_model(
    model: Model, output: Path, precisions: Sequence[GraphPrecision], say: Callable[[str], None]
) -> Exported:
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
    return Exported(output, parity)


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
            f"the graph of {model.card.name} in {precision} does not agree with the model: {parity.told()}. It is not "
            "kept; please report this with the model's config.json"
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
