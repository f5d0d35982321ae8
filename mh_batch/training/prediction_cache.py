"""What was said about texts, kept in a folder: nothing is asked twice."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mh_batch.training.teacher import Arrays

_TEXTS = "texts"


def cached_predictions(folder: Path, what: str, texts: Sequence[str], ask: Callable[[Sequence[str]], Arrays]) -> Arrays:
    """Return what `ask` says of each text, in half precision; it is asked about those that `folder` holds nothing of.

    Args:
        folder: Keeps one file for each `what`, with a hash for each text.
        what: Names the question, and whatever its answers depend on.
        texts: What to ask about.
        ask: Gives arrays by name, each with a row for every text.
    """
    file, digests = folder / f"{what}.npz", [_digest(text) for text in texts]
    known = _read(file)
    seen = set(known.get(_TEXTS, ()))
    new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in seen}
    if new:
        known = _joined(known, {_TEXTS: np.array(list(new)), **ask(list(new.values()))})
        _write(file, known)
    rows = {digest: row for row, digest in enumerate(known[_TEXTS])}
    chosen = [rows[digest] for digest in digests]
    return {name: values[chosen] for name, values in known.items() if name != _TEXTS}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).hexdigest()[:32].encode()


def _read(file: Path) -> Arrays:
    if not file.exists():
        return {}
    with np.load(file) as kept:
        return dict(kept)


def _joined(known: Arrays, new: Arrays) -> Arrays:
    fresh = {name: values if name == _TEXTS else values.astype(np.float16) for name, values in new.items()}
    return {name: np.concatenate([known[name], values]) if known else values for name, values in fresh.items()}


def _write(file: Path, arrays: Arrays) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{os.getpid()}-{file.name}")  # processes that share a training ask the same
    np.savez(draft, allow_pickle=False, **arrays)
    draft.rename(file)
