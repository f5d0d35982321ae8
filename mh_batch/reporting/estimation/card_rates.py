"""The error rates of a model's card, and which of them belong to each group's documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mh_batch.reporting.counting.aggregates import Counts
from mh_batch.reporting.counting.distribution import group_rows
from mh_batch.reporting.estimation.adjustment import Mixture, Rates, mix
from mh_batch.reporting.estimation.uncertainty import Floats
from mh_batch.reporting.groupings import ALL


@dataclass(frozen=True)
class CardRates:
    """Error rates of one label.

    Attributes:
        rates: The rates, one row for each language that the card has measured, and one for `all` if it has.
        row_of: Row by language.
    """

    rates: Rates
    row_of: Mapping[str, int]

    @classmethod
    def of(cls, model: Mapping[str, Any], label: str) -> CardRates | None:
        """Take a label's rates from the model's entry in the manifest; None if there are none."""
        measured = model.get("error_rates", ())
        own = [rate for rate in measured if rate["label"] == label]
        if not own and model["task"] == "single_label" and len(model["labels"]) == 2:
            own = [_of_the_other_label(rate) for rate in measured]
        if not own:
            return None
        names = ("sensitivity", "specificity", "positives", "negatives")
        columns = {name: np.array([rate[name] for rate in own], np.float64) for name in names}
        return cls(Rates(**columns), {rate["language"]: row for row, rate in enumerate(own)})

    @property
    def base_rate(self) -> float:
        """Share of positives among the documents that the rates were measured on."""
        rows = [self.row_of[ALL]] if ALL in self.row_of else list(self.row_of.values())
        positives, negatives = self.rates.positives[rows].sum(), self.rates.negatives[rows].sum()
        return float(positives / (positives + negatives))

    def mixture(self, counts: Counts, label: int) -> tuple[Mixture, NDArray[np.bool_]]:
        """Weigh the rates as each group mixes languages; a language without rates of its own has those of `all`.

        Args:
            counts: The model's counts.
            label: Index of the label.

        Returns:
            The mixture, and for each group whether there are rates for all of its documents.
        """
        own = counts.bins[counts.bins["label"] == label]
        rows = own["rated"].map(self.row_of).fillna(self.row_of.get(ALL, np.nan))
        rated = own.assign(group=group_rows(counts.groups, own), row=rows).dropna(subset="row")
        documents, positives = (self._by_rate(rated, name, len(counts.groups)) for name in ("documents", "positives"))
        covered = documents.sum(axis=1) == counts.groups["documents"].to_numpy()
        return mix(documents, positives, self.rates), covered

    def _by_rate(self, rated: pd.DataFrame, name: str, groups: int) -> Floats:
        sums = np.zeros((groups, len(self.rates.sensitivity)))
        np.add.at(sums, (rated["group"].to_numpy(), rated["row"].to_numpy(int)), rated[name].to_numpy())
        return sums


def _of_the_other_label(rate: Mapping[str, Any]) -> dict[str, Any]:
    """The rates of the other one of two labels: what misses the one is given the other."""
    return {
        "language": rate["language"],
        "sensitivity": rate["specificity"],
        "specificity": rate["sensitivity"],
        "positives": rate["negatives"],
        "negatives": rate["positives"],
    }
