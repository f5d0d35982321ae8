"""The report's figures computed anew, in plain pandas, document by document and author by author."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

DIMENSIONS = ("period", "language", "region", "source")


def prepared(scores: pd.DataFrame, label: str) -> pd.DataFrame:
    """One row per document: the dimensions as reports name them (weeks), author, probability and whether positive."""
    monday = scores["created_at"] - pd.to_timedelta(scores["created_at"].dt.weekday, unit="D")
    return pd.DataFrame(
        {
            "period": monday.dt.strftime("%Y-%m-%d").fillna("undated"),
            **{name: scores[name].fillna("unknown") for name in DIMENSIONS[1:]},
            "named": scores["author_key"].notna(),
            "author": scores["author_key"].fillna("document " + scores["doc_id"]),
            "p": scores[f"p_{label}"],
            "x": [int(label in given) for given in scores["labels"]],
        }
    )


def groups_of(documents: pd.DataFrame, crossing: Sequence[str]) -> dict[tuple[str, ...], pd.DataFrame]:
    """The documents of each group of a crossing, by period, language, region and source."""
    if not crossing:
        return {("all",) * 4: documents}
    found = documents.groupby(list(crossing), sort=False)
    return {
        tuple(str(dict(zip(crossing, key, strict=True)).get(name, "all")) for name in DIMENSIONS): group
        for key, group in found
    }


def counts_of(group: pd.DataFrame) -> dict[str, Any]:
    """What the table `prevalence` counts of a group."""
    named = group[group["named"]]
    by_author = named.groupby("author")["x"].agg(["sum", "count"])
    ratios = by_author["sum"] / by_author["count"]
    return {
        "documents": len(group),
        "authors": named["author"].nunique(),
        "positives": int(group["x"].sum()),
        "positive_authors": int((by_author["sum"] > 0).sum()),
        "share": group["x"].mean(),
        "author_share": ratios.mean(),
        "any_positive": (by_author["sum"] > 0).mean(),
        "mean_probability": group["p"].mean(),
        **{f"q{q:02d}": np.quantile(group["p"], q / 100, method="inverted_cdf") for q in (5, 25, 50, 75, 95)},
    }


def wilson(share: float, documents: float) -> tuple[float, float]:
    """The shares that a two-sided score test at 5 % does not reject: the roots of a quadratic equation."""
    z = norm.ppf(0.975)
    roots = np.roots([documents + z**2, -(2 * documents * share + z**2), documents * share**2])
    return float(min(roots.real)), float(max(roots.real))
