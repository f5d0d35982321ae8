"""Tokenizer files: their size, what they ask for, what they declare, and whether they survive a first word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from mh_batch.common.redaction import stderr_muted
from mh_batch.models.inspection.untrusted_files import read_json, refused

_FAST, _SETTINGS = "tokenizer.json", ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_VOCABULARIES = ("vocab.json", "vocab.txt", "merges.txt", "sentencepiece.bpe.model", "spiece.model", "spm.model")
_MOST_SETTINGS_BYTES = 2**23
# The largest vocabularies that are published, of a million pieces, take half of it.
_MOST_BYTES = 2**27
_MOST_VALUES = 8_000_000

# Of all normalizers and pre-tokenizers together; published tokenizers have up to a dozen.
_MOST_STEPS = 64
# How many times longer a text may become before it is cut into tokens.
_MOST_GROWTH = 64
# Among them what makes patterns backtrack that do so without end.
_PROBES = ("a", "a" * 64 + "!", "0" * 64 + "x", " " * 64 + "\n.", "Ünïcödé \u200b\ufb01 \U0001f331")

_SETTINGS_FILE, _MAP, _ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
_LISTS = ("additional_special_tokens", "extra_special_tokens", "model_specific_special_tokens")
# What transformers does to a text, or around it, beyond the file; one of these is enough.
_SWITCHES = ("split_special_tokens", "add_bos_token", "add_eos_token", "add_prefix_space", "do_lower_case")
_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")
# Of vocabularies of this architecture transformers exchanges a pattern.
_PATCHED = "mistral"

_PLAIN_CLASSES = ("TokenizersBackend", "PreTrainedTokenizerFast")

Json = Any


def check_tokenizer(folder: Path) -> None:
    """Raise ModelError if a folder's tokenizer is too large, asks for code, or cannot read a word.

    Vocabularies of other kinds than `tokenizer.json` are parsed when they are used.
    """
    for name in _SETTINGS:
        if (folder / name).is_file():
            _check_settings(folder / name)
    for name in (_FAST, *_VOCABULARIES):
        if (folder / name).is_file() and (size := (folder / name).stat().st_size) > _MOST_BYTES:
            raise refused(folder / name, f"it takes {size:,} bytes, and no more than {_MOST_BYTES:,} are expected")
    if (folder / _FAST).is_file():
        _check_fast(folder / _FAST)


def _check_settings(path: Path) -> None:
    settings = read_json(path, _MOST_SETTINGS_BYTES)
    if settings.get("auto_map"):
        raise refused(path, "'auto_map' asks for code from elsewhere, which is never run")


def _check_fast(path: Path) -> None:
    content = path.read_bytes()
    if content.count(b",") + content.count(b"[") + content.count(b"{") > _MOST_VALUES:
        raise refused(path, f"it holds more than {_MOST_VALUES:,} values")
    try:
        with stderr_muted():
            tokenizer = Tokenizer.from_buffer(content)
    except BaseException as error:  # the library raises Exception itself, and panics with what is none
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise refused(path, "it cannot be loaded: damaged?") from None
    _check_steps(tokenizer, path)
    _check_probes(tokenizer, path)


def _check_steps(tokenizer: Tokenizer, path: Path) -> None:
    """Steps that each make a text a little longer make it too long for any memory together."""
    steps = [step for part in (tokenizer.normalizer, tokenizer.pre_tokenizer) if part for step in _steps(part)]
    growth = 1
    for step in steps:
        growth *= max(1, len(str(step.get("content", ""))), len(str(step.get("prepend", ""))))
    if len(steps) > _MOST_STEPS or growth > _MOST_GROWTH:
        raise refused(path, "it makes texts longer without bounds before it reads them")


def _steps(part: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - normalizers and pre-tokenizers share no type
    waiting = [json.loads(part.__getstate__())]
    while waiting:
        step = waiting.pop()
        yield step
        waiting += [*step.get("normalizers", []), *step.get("pretokenizers", [])]


def _check_probes(tokenizer: Tokenizer, path: Path) -> None:
    tokenizer.no_truncation()
    tokenizer.no_padding()
    try:
        with stderr_muted():
            tokenizer.encode_batch_fast(list(_PROBES))
    except BaseException as error:  # as above
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise refused(path, f"it fails on simple texts ({type(error).__name__})") from None


def is_taken_as_it_stands(folder: Path) -> bool:
    """Return whether the class that a tokenizer names takes `tokenizer.json` as it stands; others change it."""
    settings = folder / _SETTINGS_FILE
    if not (folder / "tokenizer.json").is_file() or not settings.is_file():
        return False
    return json.loads(settings.read_bytes()).get("tokenizer_class") in _PLAIN_CLASSES


def is_said_by_one_file(folder: Path) -> bool:
    """Return whether `tokenizer.json` alone says how texts are tokenised.

    If another file declares a token that it lacks, or declares one otherwise, or switches something on, transformers
    changes the tokenizer when it loads it, and so does what a text's tokens are.
    """
    # Read as it stands, since it was looked at before, and is large.
    own: Mapping[str, Json] = json.loads((folder / "tokenizer.json").read_bytes())
    settings = _read(folder / _SETTINGS_FILE)
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
    found: Mapping[str, Json] = read_json(path, _MOST_SETTINGS_BYTES) if path.is_file() else {}
    return found
