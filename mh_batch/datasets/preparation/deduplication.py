"""Copies and near-copies taken out, so that no text is there twice; and a check that none is in two splits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mh_batch.datasets.preparation.integration import ExclusionReason, left_out
from mh_batch.datasets.preparation.near_copies import FindBuckets, Pairs, near_pairs
from mh_batch.datasets.text_features import comparable
from mh_batch.errors import LeakError

Say = Callable[[str], None]


@dataclass(frozen=True)
class Deduplicated:
    """Rows that stay, what is recorded of the others, and how many copies disagreed about a label."""

    rows: pd.DataFrame
    left_out: pd.DataFrame
    conflicts: int


def by_trust(rows: pd.DataFrame, sources: Sequence[str]) -> pd.DataFrame:
    """Return the rows in the order in which of two copies the first stays: by source as the recipe lists them.

    Within a source, the order of its file plays no part.
    """
    rank = rows["source"].map({name: place for place, name in enumerate(sources)})
    return rows.assign(rank=rank).sort_values(["rank", "doc_id", "text"]).drop(columns="rank").reset_index(drop=True)


def without_copies(rows: pd.DataFrame, labels: Sequence[str]) -> Deduplicated:
    """Take out all but the first of rows whose comparable text is equal; rows come in the order of `by_trust`.

    Where copies of one source disagree about a label nothing says who is right, so all copies go. Where sources
    disagree, the earlier one is the more trusted, and stays.
    """
    number = rows.groupby("comparable", sort=False).ngroup().to_numpy()
    kept = rows.iloc[np.unique(number, return_index=True)[1][number]].set_index(rows.index)
    disputed = _disputed(rows, labels) & (rows["source"] == kept["source"])
    undecided = disputed.groupby(number).transform("any")
    copy = rows["comparable"].duplicated() & ~undecided
    conflicts = int(undecided.sum()) + count_disagreements(rows[copy], kept[copy], labels)
    rejected = [
        left_out(rows[undecided], ExclusionReason.CONFLICTING_COPIES),
        left_out(rows[copy], ExclusionReason.COPY, kept.loc[copy, "doc_id"]),
    ]
    return Deduplicated(rows[~copy & ~undecided].reset_index(drop=True), pd.concat(rejected), conflicts)


def _disputed(rows: pd.DataFrame, labels: Sequence[str]) -> pd.Series:
    """Rows with a copy in the same source that says 1 of a label of which another says 0."""
    grouped = rows.groupby(["comparable", "source"], sort=False)[list(labels)]
    return (grouped.transform("max") > grouped.transform("min")).any(axis=1)


def count_disagreements(rows: pd.DataFrame, others: pd.DataFrame, labels: Sequence[str]) -> int:
    """Return how many rows say 1 of a label of which their counterpart says 0, or the reverse.

    Args:
        rows: The rows.
        others: Their counterparts, in the same order.
        labels: The names of the label columns.
    """
    differences = np.abs(rows[list(labels)].to_numpy() - others[list(labels)].to_numpy())
    return int((differences == 1).any(axis=1).sum())


def without_near_copies(
    rows: pd.DataFrame, labels: Sequence[str], threshold: float, seed: int, find_buckets: FindBuckets, say: Say
) -> Deduplicated:
    """Take out each row that is a near-copy of an earlier one that stays; rows come in the order of `by_trust`.

    A near-copy with another label is counted; the earlier row stays all the same, since a small edit may turn what a
    text means, and a text without the edit in another split would still give it away. Rounds with new permutations go
    on until nothing more is found.

    Args:
        rows: Rows of which no two have the same comparable text.
        labels: The names of the label columns.
        threshold: Least Jaccard index of near-copies, 0.5 to 1.
        seed: Of the first round's permutations.
        find_buckets: `local_buckets`, or its like on Spark.
        say: Called with what each round has found.
    """
    rejected, conflicts = [left_out(rows[:0], ExclusionReason.NEAR_COPY)], 0
    while len(pairs := near_pairs(list(rows["comparable"]), threshold, seed, find_buckets)):
        copy_of = _covered_by(pairs, len(rows))
        gone = copy_of >= 0
        kept = rows.iloc[copy_of[gone]]
        conflicts += count_disagreements(rows[gone], kept, labels)
        rejected.append(left_out(rows[gone], ExclusionReason.NEAR_COPY, kept["doc_id"].set_axis(rows.index[gone])))
        say(f"{np.count_nonzero(gone):,} near-copies found; looking again with other hashes")
        rows, seed = rows[~gone].reset_index(drop=True), seed + 1
    return Deduplicated(rows, pd.concat(rejected), conflicts)


def _covered_by(pairs: Pairs, count: int) -> npt.NDArray[np.int64]:
    """For each place the first place that stays and that it is a near-copy of, or -1 if it stays itself."""
    covered = np.full(count, -1, dtype=np.int64)
    for second, first in sorted((int(second), int(first)) for first, second in pairs):
        if covered[second] < 0 and covered[first] < 0:
            covered[second] = first
    return covered


@dataclass(frozen=True)
class LeakCheck:
    """Counts of what is in two splits: copies, near-copies and authors; and of the texts that were compared."""

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
    """Compare the splits (`text`, `author`) as they were written, from the texts alone.

    Args:
        splits: By name.
        threshold: Least Jaccard index of near-copies.
        seed: Of the permutations.
        find_buckets: `local_buckets`, or its like on Spark.
    """
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
