"""A model at hand: its card, its files, and the fingerprint under which its scores are kept."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from mh_batch.models.card import ModelCard
from mh_batch.models.checkpoint import graph_precisions

# Raised whenever the way from text to score changes although no file and no setting does.
_SCORING_VERSION = 1


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
    """

    card: ModelCard
    folder: Path
    tokenizer_folder: Path
    outputs: tuple[str, ...]
    origin: str
    files_digest: str

    def fingerprint(self, precision: str) -> str:
        """Return 16 hexadecimal digits that change with anything that changes a score."""
        decisive = {
            "version": _SCORING_VERSION,
            "files": self.files_digest,
            "precision": precision,
            "outputs": self.outputs,
            **self.card.model_dump(include={"task", "labels", "negative_label", "max_tokens", "overlap", "fold"}),
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def digest_files(*folders: Path) -> str:
    """Return the SHA-256 over names and contents of the folders' model and tokenizer files."""
    total = hashlib.sha256()
    for path in [path for folder in dict.fromkeys(folders) for path in model_files(folder)]:
        with path.open("rb") as stream:
            total.update(path.name.encode() + hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def model_files(folder: Path) -> list[Path]:
    """Return the files of a folder that decide scores, by name."""
    decisive = {".safetensors", ".json", ".txt", ".model"}
    if graph_precisions(folder):
        decisive |= {".onnx", ".data"}
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix in decisive)
