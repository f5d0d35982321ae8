"""A checkpoint's `config.json`, and what it may say."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mh_batch.models.inspection.untrusted_files import refused

Config = Mapping[str, Any]

# Whatever an architecture calls its layers, nothing is built for so many.
_MOST_LAYERS = 1000
_WHOLE = {
    "vocab_size": (1, 10_000_000),
    "hidden_size": (1, 65_536),
    "intermediate_size": (1, 1_000_000),
    "num_hidden_layers": (1, _MOST_LAYERS),
    "num_attention_heads": (1, 1024),
    "max_position_embeddings": (5, 1_000_000),
    "type_vocab_size": (0, 1000),
    "num_labels": (1, 10_000),
    "pad_token_id": (0, 10_000_000),
}
# Code points that only choose how a picture is drawn.
_EMOJI = "\ufe0e\ufe0f\u20e3"
_MOST_LABELS, _MOST_LABEL_CHARS = 10_000, 100

# Ask for code: from the checkpoint, from the hub, or from packages that are not part of this one.
_CODE = ("auto_map", "custom_pipelines", "quantization_config")
_ATTENTION = ("attn_implementation", "_attn_implementation", "experts_implementation", "_experts_implementation")
_BUILT_IN = (None, "eager", "sdpa")


def check_config(config: Config, path: Path) -> None:
    """Raise ModelError unless a configuration describes a model that can be built; `path` is its file."""
    _check_code(config, path)
    for name, (least, most) in _WHOLE.items():
        # Some architectures have no padding, and say so.
        if name in config and not (name == "pad_token_id" and config[name] is None):
            _check_whole(config, name, least, most, path)
    for name in config:
        if re.search(r"layers?$", name) and type(config[name]) is int:
            _check_whole(config, name, 0, _MOST_LAYERS, path)
        if name.endswith("_config") and isinstance(config[name], dict):
            check_config(config[name], path)
    _check_shape(config, path)
    if "id2label" in config and config["id2label"] is not None:
        _check_labels(config["id2label"], path)


def _check_code(config: Config, path: Path) -> None:
    asked = [name for name in _CODE if config.get(name)]
    asked += [name for name in _ATTENTION if config.get(name) not in _BUILT_IN]
    if asked:
        use = "Use a checkpoint of an architecture that the transformers library has built in"
        raise refused(path, f"'{asked[0]}' asks for code from elsewhere, which is never run", use)
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,50}", str(config.get("model_type") or "unknown")):
        raise refused(path, "'model_type' is no name of an architecture")


def _check_whole(config: Config, name: str, least: int, most: int, path: Path) -> None:
    value = config[name]
    if type(value) is not int or not least <= value <= most:
        raise refused(path, f"'{name}' must be a whole number from {least:,} to {most:,}")


def _check_shape(config: Config, path: Path) -> None:
    width, heads = config.get("hidden_size"), config.get("num_attention_heads")
    if width and heads and width % heads and "head_dim" not in config:
        raise refused(path, f"'hidden_size' {width} is not divided by 'num_attention_heads' {heads}")
    epsilon = config.get("layer_norm_eps", 1e-5)
    if type(epsilon) not in (int, float) or not 0 < epsilon < 1:
        raise refused(path, "'layer_norm_eps' must be a number between 0 and 1")
    if "attention_window" in config:
        _check_window(config["attention_window"], config.get("num_hidden_layers"), path)


def _check_window(window: Any, layers: int | None, path: Path) -> None:  # noqa: ANN401 - whatever JSON holds
    windows = window if isinstance(window, list) else [window]
    even = all(type(one) is int and 2 <= one <= 65_536 and one % 2 == 0 for one in windows)
    if not even or (isinstance(window, list) and len(window) != layers):
        raise refused(path, "'attention_window' must be an even number from 2 to 65,536, or one for each layer")


def _check_labels(labels: Any, path: Path) -> None:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(labels, dict) or not 1 <= len(labels) <= _MOST_LABELS:
        raise refused(path, "'id2label' must name the outputs")
    if sorted(labels) != sorted(str(number) for number in range(len(labels))):
        raise refused(path, f"'id2label' must number {len(labels)} outputs from 0 to {len(labels) - 1}")
    if max(len(str(label)) for label in labels.values()) > _MOST_LABEL_CHARS:
        raise refused(path, f"'id2label' has a name of more than {_MOST_LABEL_CHARS} letters")


def as_labels(spellings: Sequence[str]) -> tuple[str, ...]:
    """Return a checkpoint's names of its outputs as labels, which are parts of columns' names and of queries.

    A label is lower case, of letters with their marks, digits and underscores. Where nothing of that is in a name it is
    called `label`; of labels that come out alike the second ends in `_2`, and so on.
    """
    found: list[str] = []
    for spelling in spellings:
        plain = _as_label(spelling.strip().lower())
        label, number = plain, 1
        while label in found:
            number += 1
            label = f"{plain}_{number}"
        found.append(label)
    return tuple(found)


def _as_label(name: str) -> str:
    plain = "".join(c if _is_of_word(c) else "_" for c in unicodedata.normalize("NFC", name))
    if all(_is_of_word(c) or c in " -_" for c in name) and plain.strip("_"):
        return plain
    # Punctuation leaves one underscore between words, and none around them.
    return re.sub("_+", "_", plain).strip("_") or "label"


def _is_of_word(c: str) -> bool:
    category = unicodedata.category(c)
    return (category[0] in "LM" or category in ("Nd", "Nl")) and c not in _EMOJI
