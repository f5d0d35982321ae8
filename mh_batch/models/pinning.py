"""Holds a model's files against the digests that their card pins, and that the hub gives them."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from mh_batch.errors import ModelError
from mh_batch.models.card import ModelCard


def check_digests(folder: Path, digests: Mapping[str, str], card: ModelCard, pinned: bool) -> None:
    """Raise ModelError unless each file is the one that was meant.

    Args:
        folder: Where the files lie; in the hub's cache large ones are named by their SHA-256, which nobody checks else.
        digests: SHA-256 of the files by name.
        card: Its `hub.sha256` tells what they should be.
        pinned: Whether the revision is that of the card.
    """
    if pinned and card.hub:
        for name, wanted in card.hub.sha256.items():
            if digests.get(name) != wanted:
                raise ModelError(
                    f"{folder / name} is not the file that the card '{card.name}' means: its SHA-256 should be {wanted}"
                    f". Get revision {card.hub.revision} of {card.hub.name}, or give another model another folder name"
                )
    for name, digest in digests.items():
        blob = Path(os.path.realpath(folder / name)).name
        if re.fullmatch(r"[0-9a-f]{64}", blob) and blob != digest:
            raise ModelError(f"{folder / name} is not what the hub holds: remove {folder.parent.parent} and fetch it again")
