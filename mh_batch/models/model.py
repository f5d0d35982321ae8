"""A model at hand: its card, its files held against their pinned digests, and the fingerprint of its scores."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mh_batch.models.card import ModelCard
from mh_batch.models.checkpoint import graph_precisions
from mh_batch.models.inspection import refused


@dataclass(frozen=True)
class Model:
    """A model whose files are on this machine.

    Attributes:
        card: What the model is.
        folder: Checkpoint (config and safetensors).
        tokenizer_folder: Tokenizer; most often the same folder.
        outputs: Canonical labels in the order of the checkpoint's outputs.
        origin: Where it came from, for people.
        files_digest: SHA-256 over the files that decide the scores.
        digests: SHA-256 of each of them by name; `tokenizer/NAME` where the tokenizer lies in a folder of its own.
        scoring_version: Raised for the models of which the way from text to score changes although no file and no
            setting does.
    """

    card: ModelCard
    folder: Path
    tokenizer_folder: Path
    outputs: tuple[str, ...]
    origin: str
    files_digest: str
    digests: Mapping[str, str] = field(default_factory=dict)
    scoring_version: int = 1

    def fingerprint(self, precision: str) -> str:
        """Return 16 hexadecimal digits that change with anything that changes a score."""
        decisive = {
            "version": self.scoring_version,
            "files": self.files_digest,
            "precision": precision,
            "outputs": self.outputs,
            **self.card.model_dump(include={"task", "labels", "negative_label", "max_tokens", "overlap", "fold"}),
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def file_digests(folder: Path, tokenizer_folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each model and tokenizer file, as `Model.digests` names them."""
    found = {path.name: _digest(path) for path in model_files(folder)}
    if tokenizer_folder != folder:
        found |= {f"tokenizer/{path.name}": _digest(path) for path in model_files(tokenizer_folder)}
    return found


def joined_digest(digests: Mapping[str, str]) -> str:
    """Return the SHA-256 over names and contents of the files."""
    total = hashlib.sha256()
    for name, digest in digests.items():
        total.update(name.rpartition("/")[2].encode() + bytes.fromhex(digest))
    return total.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def model_files(folder: Path) -> list[Path]:
    """Return the files of a folder that decide scores, by name."""
    decisive = {".safetensors", ".json", ".txt", ".model"}
    if graph_precisions(folder):
        decisive |= {".onnx", ".data", ".onnx_data"}
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix in decisive)


def check_digests(folder: Path, digests: Mapping[str, str], card: ModelCard, pinned: bool) -> None:
    """Raise ModelError unless each file is the one that was meant.

    Args:
        folder: Where the files lie; in the hub's cache large ones are named by their SHA-256, which nobody checks else.
        digests: SHA-256 of the files by name.
        card: Its `hub.sha256` says what they should be.
        pinned: Whether the revision is that of the card.
    """
    if pinned and card.hub:
        for name, wanted in card.hub.sha256.items():
            if digests.get(name) != wanted:
                get = f"Get revision {card.hub.revision} of {card.hub.name}, or give another model another folder name"
                raise refused(folder / name, f"card '{card.name}' means a file with the SHA-256 {wanted}", get)
    for name, digest in digests.items():
        blob = Path(os.path.realpath(folder / name)).name
        if re.fullmatch(r"[0-9a-f]{64}", blob) and blob != digest:
            raise refused(
                folder / name, "it is not what the hub holds", f"Remove {folder.parent.parent} to fetch it again"
            )
