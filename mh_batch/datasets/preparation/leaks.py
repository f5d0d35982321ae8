"""Looks over the written splits for texts and authors that are in two of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mh_batch.datasets.comparable import comparable
from mh_batch.datasets.preparation.near_copies import FindBuckets, near_pairs
from mh_batch.errors import LeakError


@dataclass(frozen=True)
class LeakCheck:
    """What was found in two splits: copies, near-copies and authors; and among how many texts it was looked for."""

    texts: int
    copies: int
    near_copies: int
    authors: int
    threshold: float

    def raise_if_any(self) -> None:
        """Raise LeakError if anything is in two splits."""
        if self.copies or self.near_copies or self.authors:
            raise LeakError(
                f"the splits leak: {self.copies:,} copies, {self.near_copies:,} near-copies and {self.authors:,} "
                "authors are in two of them; nothing was published. Another --seed draws other hashes"
            )


def check_leaks(
    splits: Mapping[str, pd.DataFrame], threshold: float, seed: int, find_buckets: FindBuckets
) -> LeakCheck:
    """Compare the splits (`text`, `author`) as they were written, from the texts alone."""
    rows = pd.concat([rows[["text", "author"]].assign(split=name) for name, rows in splits.items()], ignore_index=True)
    texts, split = rows["text"].map(comparable), rows["split"].to_numpy()
    pairs = near_pairs(list(texts), threshold, seed, find_buckets)
    across = pairs[split[pairs[:, 0]] != split[pairs[:, 1]]]
    return LeakCheck(
        texts=len(rows),
        copies=_in_several(rows["split"], texts),
        near_copies=int(np.count_nonzero(texts.to_numpy()[across[:, 0]] != texts.to_numpy()[across[:, 1]])),
        authors=_in_several(rows["split"], rows["author"]),
        threshold=threshold,
    )


def _in_several(split: pd.Series, values: pd.Series) -> int:
    return int((split.groupby(values).nunique() > 1).sum())
