"""The table `distribution`, and quantiles and means of probabilities that are counted in bins."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from mh_batch.contracts import load_contract
from mh_batch.reporting.counting.aggregates import BINS, UNIT
from mh_batch.reporting.estimation.uncertainty import Floats
from mh_batch.reporting.groupings import DIMENSIONS
from mh_batch.reporting.report_tables import rounded

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
# Bins of the histograms that are shown.
SHOWN_BINS = 20


class Histograms:
    """The binned probabilities of one label in each group.

    Attributes:
        documents: Documents by group and bin, of shape (groups, BINS).
        probability: Sum of their probabilities, of the same shape.
    """

    def __init__(self, groups: pd.DataFrame, bins: pd.DataFrame, label: int) -> None:
        """Take the label's bins of each group.

        Args:
            groups: `Counts.groups`.
            bins: `Counts.bins`.
            label: Index of the label.
        """
        own = bins[bins["label"] == label]
        place = group_rows(groups, own), own["bin"].to_numpy()
        self.documents = np.zeros((len(groups), BINS), np.int64)
        self.probability = np.zeros((len(groups), BINS), np.float64)
        np.add.at(self.documents, place, own["documents"].to_numpy())
        np.add.at(self.probability, place, own["probability"].to_numpy() / UNIT)

    def mean(self) -> Floats:
        """Mean probability of each group."""
        means: Floats = self.probability.sum(axis=1) / self.documents.sum(axis=1)
        return means

    def bin_means(self) -> Floats:
        """Mean probability of each group's bins; the middle of the bin where it holds none."""
        middles = np.broadcast_to((np.arange(BINS) + 0.5) / BINS, self.documents.shape)
        return np.divide(self.probability, self.documents, out=middles.copy(), where=self.documents > 0)

    def quantile(self, share: float) -> Floats:
        """The middle of the bin in which each group's quantile lies."""
        below = np.cumsum(self.documents, axis=1)
        wanted = np.ceil(share * below[:, -1:]).clip(1)
        middles: Floats = ((below < wanted).sum(axis=1) + 0.5) / BINS
        return middles


def group_rows(groups: pd.DataFrame, others: pd.DataFrame) -> NDArray[np.int64]:
    """Return the row of `groups` that each row of `others` belongs to."""
    keys = ["crossing", *DIMENSIONS]
    index = pd.MultiIndex.from_frame(groups[keys])
    rows: NDArray[np.int64] = index.get_indexer(pd.MultiIndex.from_frame(others[keys]))
    return rows


def distribution_table(
    model: str, labels: Sequence[str], groups: pd.DataFrame, bins: pd.DataFrame, round_to: int | None
) -> pa.Table:
    """Return the histograms of all documents and of the languages that are shown, by the contract `distribution`.

    Args:
        model: The model's name.
        labels: Its labels.
        groups: `Counts.groups` with `by` and `suppressed`.
        bins: `Counts.bins`.
        round_to: Counts are rounded to multiples of this.
    """
    shown = np.flatnonzero(groups["by"].isin(["all", "language"]) & groups["suppressed"].isna())
    edges = np.linspace(0, 1, SHOWN_BINS + 1)
    parts = []
    for i, label in enumerate(labels):
        coarse = Histograms(groups, bins, i).documents[shown].reshape(-1, SHOWN_BINS, BINS // SHOWN_BINS).sum(axis=2)
        columns = {
            "model": np.full(coarse.size, model, dtype=object),
            "label": np.full(coarse.size, label, dtype=object),
            "language": np.repeat(groups["language"].to_numpy(object)[shown], SHOWN_BINS),
            "low": np.tile(edges[:-1], len(shown)),
            "high": np.tile(edges[1:], len(shown)),
            "documents": rounded(coarse.ravel(), round_to),
        }
        parts.append(pa.table(columns, schema=load_contract("distribution").arrow_schema()))
    return pa.concat_tables(parts)
