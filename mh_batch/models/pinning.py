"""Holds a model's files against the digests that their card pins, and that the hub gives them."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from mh_batch.models.card import ModelCard
from mh_batch.models.inspection import refused


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
                get = f"Get revision {card.hub.revision} of {card.hub.name}, or give another model another folder name"
                raise refused(folder / name, f"card '{card.name}' means a file with the SHA-256 {wanted}", get)
    for name, digest in digests.items():
        blob = Path(os.path.realpath(folder / name)).name
        if re.fullmatch(r"[0-9a-f]{64}", blob) and blob != digest:
            raise refused(
                folder / name, "it is not what the hub holds", f"Remove {folder.parent.parent} to fetch it again"
            )
