"""Files that anybody may have made: what may lie in a model's folder, and JSON and YAML without surprises."""

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

import yaml

from mh_batch.errors import ModelError

_AGAIN = "Get the file again from where the model was published, or use another model"

# How the names of the files end that decide scores.
FILE_KINDS = frozenset({".safetensors", ".json", ".txt", ".model", ".onnx", ".data", ".onnx_data", ".yaml"})

_MOST_ENTRIES = 10_000

# transformers would load what this names, from wherever it says.
_ADAPTER = "adapter_config.json"

# Enough for the "no limit" of published tokenizers, a number of 31 digits.
_MOST_DIGITS = 64

MOST_CHARS = 2**16


def refused(path: Path, why: str, what_to_do: str = _AGAIN) -> ModelError:
    """Return the error that says which file is refused, why, and what to do.

    Args:
        path: The file.
        why: What is wrong with it.
        what_to_do: The way out, if it is not to get the file again.
    """
    stop = "" if why.endswith("?") else "."
    return ModelError(f"{path} is refused: {why}{stop} {what_to_do}")


def check_folder(folder: Path) -> None:
    """Raise ModelError unless everything in a folder is a file of its own, or a folder, which nobody opens.

    A pipe would make who opens it wait for ever, a device never ends, and a link may lead to any file of this machine.
    """
    entries = sorted(folder.iterdir())
    if len(entries) > _MOST_ENTRIES:
        raise refused(folder, f"it holds more than {_MOST_ENTRIES:,} entries", "Leave in it what belongs to the model")
    for entry in entries:
        _check_entry(entry, _bounds(folder))
    if (folder / _ADAPTER).exists():
        merge = "Merge it into its model (PEFT: merge_and_unload) and save that"
        raise refused(folder / _ADAPTER, "it is an adapter, not a whole model", merge)


def _bounds(folder: Path) -> Path:
    """The hub's cache stores a model's files under their digests, and links to them from each revision's folder."""
    whole = Path(os.path.realpath(folder))
    is_cached = whole.parent.name == "snapshots" and whole.parent.parent.name.startswith("models--")
    return whole.parent.parent if is_cached else whole


def _check_entry(entry: Path, bounds: Path) -> None:
    if not Path(os.path.realpath(entry)).is_relative_to(bounds):
        raise refused(entry, "it is a link that leads out of the folder", "Put the file itself there")
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        raise refused(entry, f"it cannot be looked at ({type(error).__name__})") from None
    if stat.S_ISDIR(mode) and entry.suffix in FILE_KINDS:
        raise refused(entry, "it is a folder, where a file is expected", "Remove it, and put the file there")
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise refused(entry, "it is no file but a pipe, a socket or a device", "Remove it")


def read_json(path: Path, most_bytes: int) -> dict[str, Any]:
    """Return the object that a JSON file holds.

    Raises:
        ModelError: the file is larger than `most_bytes`, cannot be read, is nested too deeply, names a key twice, or
            holds numbers that are none or too long.
    """
    try:
        size = path.stat().st_size
        if size > most_bytes:
            raise refused(path, f"it takes {size:,} bytes, and no more than {most_bytes:,} are expected")
        content = path.read_bytes()
    except OSError as error:
        raise refused(path, f"it cannot be read ({type(error).__name__})") from None
    return parse_json(content, path)


def parse_json(content: bytes, path: Path) -> dict[str, Any]:
    """Return the object that bytes from `path` describe; errors as of `read_json`."""
    try:
        found = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique_keys,
            parse_constant=_no_number,
            parse_int=_integer,
            parse_float=_finite,
        )
    except UnicodeDecodeError:
        raise refused(path, "it is not UTF-8") from None
    except RecursionError:
        raise refused(path, "it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise refused(path, f"it is not readable JSON: {error.msg}, line {error.lineno}") from None
    except _UnwantedError as error:
        raise refused(path, str(error)) from None
    if not isinstance(found, dict):
        raise refused(path, "it holds no JSON object")
    return found


class _UnwantedError(Exception):
    """JSON that Python reads, and nobody writes who means well."""


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _UnwantedError("it says two things under one key")
    return found


def _no_number(name: str) -> None:
    raise _UnwantedError(f"it holds {name}, which is no number")


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _UnwantedError(f"it holds a number of {len(digits):,} digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _UnwantedError("it holds a number beyond all bounds")
    return number


class NotPlainError(Exception):
    """YAML that is none, or none that people write; the message says what is wrong."""


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - as in the class above
        if self.check_event(yaml.AliasEvent):
            raise NotPlainError("it uses aliases")
        return super().compose_node(parent, index)


def load_plain_yaml(text: str) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return what YAML describes; NotPlainError if it is none, or none that people write."""
    if len(text) > MOST_CHARS:
        raise NotPlainError(f"it takes {len(text):,} characters, and no more than {MOST_CHARS:,} are expected")
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        line = getattr(error, "problem_mark", None)
        raise NotPlainError(f"it is not valid YAML{f': line {line.line + 1}' if line else ''}") from None
    except RecursionError:
        raise NotPlainError("it is nested too deeply") from None
    except ValueError:  # numbers and dates that are none
        raise NotPlainError("it holds a number or a date that is none") from None
