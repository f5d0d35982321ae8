"""The command line of the recipes."""

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """Folders that a recipe reads and writes."""

    data: Path
    teacher: Path | None
    out: Path
    memory: Path | None = None
    labels_only: bool = False


def places(description: str | None) -> Places:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training sets (Parquet)")
    parser.add_argument("--teacher", type=Path, help="folder of the pretrained multilingual teacher")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--memory", type=Path, help="folder that keeps the teacher's answers for another run")
    parser.add_argument(
        "--labels-only", action="store_true", help="ablation: of the teacher, use its word embeddings only"
    )
    given = parser.parse_args()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return Places(given.data, given.teacher, given.out, given.memory, given.labels_only)


def report(figures: Mapping[str, object]) -> None:
    """Print the figures as JSON on standard output."""
    print(json.dumps(figures, indent=2))
