"""The table `prevalence`: shares and prevalence of each group and label, with their uncertainty."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from mh_batch.contracts import load_contract
from mh_batch.reporting.counting.aggregates import UNIT, Counts
from mh_batch.reporting.counting.distribution import QUANTILES, Histograms
from mh_batch.reporting.estimation.adjustment import Mixture, adjust, saerens_em
from mh_batch.reporting.estimation.card_rates import CardRates
from mh_batch.reporting.estimation.clusters import ClusterSums, author_share, design_effect, effective_documents
from mh_batch.reporting.estimation.uncertainty import Floats, author_bands, reliability, wilson_interval
from mh_batch.reporting.groupings import KEYS
from mh_batch.reporting.report_tables import rounded

_COUNTS = ("documents", "authors", "positives", "positive_authors")


def prevalence_table(model: Mapping[str, Any], counts: Counts, round_to: int | None) -> pa.Table:
    """Estimate shares and prevalence of each group and label.

    Args:
        model: The model's entry in the manifest.
        counts: Its counts; the groups with `by` and `suppressed` as well.
        round_to: Counts are rounded to multiples of this, and shares computed from the rounded ones.

    Returns:
        A table under the contract `prevalence`, sorted by model, label and group.
    """
    contract = load_contract("prevalence")
    frames = [_of_label(model, counts, i, round_to) for i in range(len(model["labels"]))]
    table = pd.concat(frames).sort_values(["model", "label", *KEYS]).reindex(columns=contract.names)
    return pa.Table.from_pandas(table, schema=contract.arrow_schema(), preserve_index=False)


@dataclass(frozen=True)
class _Share:
    """A share of each group; `effective` is how many independent documents would be as informative."""

    value: Floats
    effective: Floats

    def columns(self, name: str) -> dict[str, Floats]:
        """The share and its Wilson interval; NaN where nothing was counted."""
        low, high = np.full_like(self.value, np.nan), np.full_like(self.value, np.nan)
        known = (self.effective > 0) & ~np.isnan(self.value)
        effective = self.effective[known]
        low[known], high[known] = wilson_interval(self.value[known] * effective, effective)
        return {name: self.value, f"{name}_low": low, f"{name}_high": high}

    def adjusted(self, name: str, mixture: Mixture, covered: NDArray[np.bool_]) -> dict[str, Floats]:
        """The prevalence and its interval; NaN where error rates of some documents are not known."""
        found = adjust(np.where(covered, self.value, np.nan), self.effective, mixture)
        return {name: found.prevalence, f"{name}_low": found.low, f"{name}_high": found.high}


def _of_label(model: Mapping[str, Any], counts: Counts, label: int, round_to: int | None) -> pd.DataFrame:
    groups, name = counts.groups, model["labels"][label]
    histograms = Histograms(groups, counts.bins, label)
    counted = _counted(groups, label, round_to)
    clusters = _clusters(groups, label)
    by_document = _Share(_ratio(counted["positives"], counted["documents"]), effective_documents(clusters))
    by_author = _author_share(groups, label)
    rates = CardRates.of(model, name)
    figures = {
        **counted,
        **by_document.columns("share"),
        "design_effect": design_effect(clusters),
        **(_prevalences(rates, counts, label, by_document, by_author, histograms) if rates else {}),
        **by_author.columns("author_share"),
        **_any_positive(counted).columns("any_positive"),
        "mean_probability": histograms.mean(),
        **{column: histograms.quantile(share) for column, share in QUANTILES.items()},
        "reliability": _reliability(groups, by_document),
        "author_band": author_bands(counted["authors"]),
    }
    frame = pd.DataFrame(figures, index=groups.index).astype(dict.fromkeys(_COUNTS, "Int64"))
    keys = groups[[*KEYS, "suppressed"]].assign(model=model["name"], label=name)
    return pd.concat([keys, frame.where(groups["suppressed"].isna())], axis=1)


def _counted(groups: pd.DataFrame, label: int, round_to: int | None) -> dict[str, NDArray[np.int64]]:
    own = {name: name if name in groups else f"{name}_{label}" for name in _COUNTS}
    return {name: rounded(groups[column].to_numpy(np.int64), round_to) for name, column in own.items()}


def _clusters(groups: pd.DataFrame, label: int) -> ClusterSums:
    names = ("documents", f"positives_{label}", "squares", f"x2_{label}", f"xn_{label}")
    return ClusterSums(*[groups[name].to_numpy(np.float64) for name in names])


def _author_share(groups: pd.DataFrame, label: int) -> _Share:
    shares, squares = (groups[f"{name}_{label}"].to_numpy(np.float64) / UNIT for name in ("s1", "s2"))
    attributed = (groups["documents"] - groups["unattributed"]).to_numpy(np.float64)
    return _Share(*author_share(groups["authors"].to_numpy(np.float64), shares, squares, attributed))


def _prevalences(
    rates: CardRates, counts: Counts, label: int, by_document: _Share, by_author: _Share, histograms: Histograms
) -> dict[str, Floats]:
    mixture, covered = rates.mixture(counts, label)
    em = saerens_em(histograms.bin_means(), histograms.documents.astype(np.float64), rates.base_rate)
    return {
        **by_document.adjusted("prevalence", mixture, covered),
        **by_author.adjusted("author_prevalence", mixture, covered),
        "sensitivity": np.where(covered, mixture.sensitivity, np.nan),
        "specificity": np.where(covered, mixture.specificity, np.nan),
        "prevalence_em": np.where(covered, em, np.nan),
    }


def _reliability(groups: pd.DataFrame, share: _Share) -> Floats:
    """Reliability of each group among those of its crossing that are shown."""
    found = np.full(len(groups), np.nan)
    shown = groups["suppressed"].isna().to_numpy()
    for by in groups["by"].unique():
        own = shown & (groups["by"] == by).to_numpy()
        found[own] = reliability(share.value[own], share.effective[own])
    return found


def _any_positive(counted: Mapping[str, NDArray[np.int64]]) -> _Share:
    authors = counted["authors"]
    return _Share(_ratio(counted["positive_authors"], authors), authors.astype(np.float64))


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Floats:
    share: Floats = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return share
