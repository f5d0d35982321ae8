"""Weights held against the configuration, so that nothing is invented where they lack, or made as large as it says."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mh_batch.models.inspection.untrusted_files import refused
from mh_batch.models.inspection.weight_files import StoredTensor

Tensors = Mapping[str, StoredTensor]
Config = Mapping[str, Any]

_FLOATS = ("F64", "F32", "F16", "BF16")
_SIZES = ("vocab_size", "hidden_size", "intermediate_size")
# The families of which every tensor is known, with what the names of all but the head's begin with.
EXACT_FAMILIES = {"roberta": "roberta.", "xlm-roberta": "roberta.", "longformer": "longformer."}


def check_fit(tensors: Tensors, config: Config, outputs: int, folder: Path) -> None:
    """Raise ModelError unless the weights are those of the model that the configuration describes.

    Of RoBERTa's family every tensor is known; of others, that sizes occur among the weights.

    Args:
        tensors: What the headers of the weights say.
        config: A configuration that was checked.
        outputs: Labels of the model.
        folder: Where it lies.
    """
    prefix = EXACT_FAMILIES.get(config.get("model_type", ""))
    if prefix is None:
        _check_sizes(tensors, config, folder)
        return
    named = {current_name(name).removeprefix(prefix): tensor for name, tensor in tensors.items()}
    for name, shape in _expected(named, config, outputs):
        if name not in named:
            raise refused(folder, f"its weights lack {prefix}{name}: no sequence classifier?")
        if named[name].shape != shape:
            raise refused(folder, f"its weights hold {name} as {named[name].shape}, and config.json says {shape}")
        if named[name].dtype not in _FLOATS:
            raise refused(folder, f"its weights hold {name} as {named[name].dtype}, expected {' or '.join(_FLOATS)}")


def current_name(name: str) -> str:
    """Return what a tensor is called today: old checkpoints name normalisations' weights as TensorFlow does."""
    for old, new in (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")):
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def tensor_shapes(config: Config, outputs: int) -> dict[str, tuple[int, ...]]:
    """Return name and shape of all tensors of a classifier of RoBERTa's family; its configuration names all sizes."""
    prefix = EXACT_FAMILIES[config["model_type"]]
    return {
        name if name.startswith("classifier.") else prefix + name: shape
        for name, shape in _expected({}, config, outputs)
    }


def _check_sizes(tensors: Tensors, config: Config, folder: Path) -> None:
    largest = max((max(tensor.shape, default=0) for tensor in tensors.values()), default=0)
    for name in _SIZES:
        if config.get(name, 0) > largest:
            raise refused(folder, f"config.json says '{name}' {config[name]:,}, and no tensor is as large")


def _expected(named: Tensors, config: Config, outputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    words = named.get("embeddings.word_embeddings.weight")
    width = config.get("hidden_size", words.shape[-1] if words and words.shape else 0)
    inner = config.get("intermediate_size", 4 * width)
    for name, rows in (
        ("word_embeddings", "vocab_size"),
        ("position_embeddings", "max_position_embeddings"),
        ("token_type_embeddings", "type_vocab_size"),
    ):
        stored = named.get(f"embeddings.{name}.weight")
        yield f"embeddings.{name}.weight", (config.get(rows, stored.shape[0] if stored and stored.shape else 1), width)
    yield from _norm("embeddings.LayerNorm", width)
    for number in range(config.get("num_hidden_layers", 12)):
        yield from _layer(f"encoder.layer.{number}", width, inner, config.get("model_type") == "longformer")
    yield from _linear("classifier.dense", width, width)
    yield from _linear("classifier.out_proj", outputs, width)


def _layer(name: str, width: int, inner: int, is_longformer: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    for part in ("query", "key", "value"):
        yield from _linear(f"{name}.attention.self.{part}", width, width)
        if is_longformer:
            yield from _linear(f"{name}.attention.self.{part}_global", width, width)
    yield from _linear(f"{name}.attention.output.dense", width, width)
    yield from _norm(f"{name}.attention.output.LayerNorm", width)
    yield from _linear(f"{name}.intermediate.dense", inner, width)
    yield from _linear(f"{name}.output.dense", width, inner)
    yield from _norm(f"{name}.output.LayerNorm", width)


def _linear(name: str, rows: int, columns: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (rows, columns)
    yield f"{name}.bias", (rows,)


def _norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)
