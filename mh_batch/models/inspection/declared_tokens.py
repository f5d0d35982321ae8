"""What a tokenizer's other files declare, beside `tokenizer.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mh_batch.models.inspection.strict_json import read_json

_MOST_BYTES = 2**23
_SETTINGS, _MAP, _ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
_LISTS = ("additional_special_tokens", "extra_special_tokens", "model_specific_special_tokens")
# What transformers does to a text, or around it, beyond the file; one of these is enough.
_SWITCHES = ("split_special_tokens", "add_bos_token", "add_eos_token", "add_prefix_space", "do_lower_case")
_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")
# Of vocabularies of this architecture transformers exchanges a pattern.
_PATCHED = "mistral"

_PLAIN_CLASSES = ("TokenizersBackend", "PreTrainedTokenizerFast")

Json = Any


def is_taken_as_it_stands(folder: Path) -> bool:
    """Tell whether the class that a tokenizer names takes `tokenizer.json` as it stands; others change it."""
    settings = folder / _SETTINGS
    if not (folder / "tokenizer.json").is_file() or not settings.is_file():
        return False
    return json.loads(settings.read_bytes()).get("tokenizer_class") in _PLAIN_CLASSES


def is_said_by_one_file(folder: Path) -> bool:
    """Tell whether `tokenizer.json` alone says how texts are tokenised.

    If another file declares a token that it lacks, or declares one otherwise, or switches something on, transformers
    changes the tokenizer when it loads it, and so does what a text's tokens are.
    """
    # Read as it stands, since it was looked at before, and is large.
    own: Mapping[str, Json] = json.loads((folder / "tokenizer.json").read_bytes())
    settings = _read(folder / _SETTINGS)
    if own.get("post_processor") is None or any(name in settings for name in _SWITCHES):
        return False
    if _PATCHED in str(_read(folder / "config.json").get("model_type", "")):
        return False
    known = {token["content"]: token for token in own.get("added_tokens") or []}
    return all(_agrees(token, known) for token in _declared(folder, settings))


def _declared(folder: Path, settings: Mapping[str, Json]) -> Iterator[Json]:
    """Tokens, as words or as objects with flags."""
    yield from (settings.get("added_tokens_decoder") or {}).values()
    yield from _read(folder / _ADDED)
    for source in (settings, _read(folder / _MAP)):
        yield from (value for name, value in source.items() if name.endswith("_token") and name[:4] != "add_" and value)
        for name in _LISTS:
            more = source.get(name) or []
            yield from more.values() if isinstance(more, dict) else more


def _agrees(token: Json, known: Mapping[str, Json]) -> bool:
    content = token.get("content") if isinstance(token, dict) else token
    own = known.get(content) if isinstance(content, str) else None
    if own is None:
        return False
    return not isinstance(token, dict) or all(token[flag] == own.get(flag) for flag in _FLAGS if flag in token)


def _read(path: Path) -> Mapping[str, Json]:
    found: Mapping[str, Json] = read_json(path, _MOST_BYTES) if path.is_file() else {}
    return found
