"""Tokenizer files: how large they are, what they ask for, and whether they survive a first word."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from mh_batch.common.redaction import stderr_muted
from mh_batch.models.inspection.refusal import refused
from mh_batch.models.inspection.strict_json import read_json

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
