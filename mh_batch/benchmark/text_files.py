"""Files of texts to measure with, in whatever form a machine can read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from mh_batch.errors import PlatformError, SettingsError

_LINES, _JSON_LINES = ".txt", ".jsonl"


def read_text_file(path: Path) -> list[str]:
    """Return the texts of a file, in its order, without those that are empty or hold a null character.

    Read are Parquet with a column `text`, `.txt` with a text a line, `.jsonl` with a JSON string a line or an object
    with `text`, and the latter two compressed (`.gz`).

    Raises:
        SettingsError: the file cannot be read, or holds no texts.
        PlatformError: it is Parquet, and nothing here reads that.
    """
    try:
        given = list(_given(path))
    except (OSError, EOFError, ValueError) as error:  # no library quotes values in these, but for one of JSON's
        said = "it is not valid JSON" if isinstance(error, json.JSONDecodeError) else str(error)
        raise SettingsError(f"{path} cannot be read: {said}") from None
    found = [text for text in given if isinstance(text, str) and text.strip() and "\0" not in text]
    if not found:
        raise SettingsError(f"{path} holds no texts (in a column 'text', on lines, or as 'text' of JSON objects)")
    return found


def write_text_file(texts: Iterable[str], path: Path) -> None:
    """Write texts as JSON strings, one a line."""
    path.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")


def _given(path: Path) -> Iterator[Any]:
    form = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if form not in (_LINES, _JSON_LINES):
        yield from _of_parquet(path)
        return
    with _opened(path) as lines:
        for line in lines:
            if form == _LINES:
                yield line.rstrip("\r\n")
            elif line.strip():
                value = json.loads(line)
                yield value.get("text") if isinstance(value, dict) else value


def _opened(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _of_parquet(path: Path) -> list[Any]:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise PlatformError(f"nothing here reads Parquet: give {path} as .txt or .jsonl, or install pyarrow") from None
    found: list[Any] = pq.read_table(path, columns=["text"])["text"].to_pylist()
    return found
