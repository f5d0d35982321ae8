"""Rows of the report's tables from a synthetic corpus, with what is too small taken out."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from mh_batch.contracts import load_contract
from mh_batch.reporting import wilson_interval
from tests.reporting.page.synthetic_corpus import SENSITIVITY, SPECIFICITY, score

MIN_AUTHORS = 20
_DIMENSIONS = ("period", "language", "region", "source")
_CROSSINGS: tuple[tuple[str, ...], ...] = ((), *((name,) for name in _DIMENSIONS))
_CROSSINGS += (("period", "language"), ("period", "region"))
_KEYS = ("model", "label", "by", *_DIMENSIONS)
_QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
_KEPT_UNDER_PRIVACY = ("authors", "positive_authors", "any_positive", "any_positive_low", "any_positive_high")


def as_table(name: str, entries: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(entries), schema=load_contract(name).arrow_schema())


def prevalence(corpus: pd.DataFrame, model: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    hidden_by = {crossing: _hidden(corpus, crossing) for crossing in _CROSSINGS}
    for label in model["labels"]:
        scored = corpus.assign(p=score(corpus, label)).assign(marked=lambda frame: frame["p"] >= 0.5)
        adjusted = any(rate["label"] == label for rate in model["error_rates"])
        for crossing, hidden in hidden_by.items():
            for values, group in _groups(scored, crossing):
                names = dict(zip(crossing, values, strict=True))
                key = {"by": ",".join(_by_name(name) for name in crossing) or "all", **_alls(), **names}
                figures = {} if hidden.get(values) else _figures(group, adjusted)
                yield {"model": model["name"], "label": label, **key, "suppressed": hidden.get(values), **figures}


def distribution(corpus: pd.DataFrame, model: Mapping[str, Any], shares: pa.Table) -> Iterator[dict[str, Any]]:
    own = shares.to_pandas().query("model == @model['name'] and by in ('all', 'language') and suppressed.isna()")
    shown = own["language"].unique()
    edges = np.linspace(0, 1, 21)
    for label in model["labels"]:
        scores = score(corpus, label)
        for language in shown:
            chosen = scores if language == "all" else scores[corpus["language"] == language]
            for low, high, count in zip(edges, edges[1:], np.histogram(chosen, edges)[0], strict=False):
                row = {"label": label, "language": language, "low": round(low, 2), "high": round(high, 2)}
                yield {"model": model["name"], **row, "documents": int(count)}


def cooccurrence(corpus: pd.DataFrame, model: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if model["task"] != "multi_label":
        return
    marked = {label: score(corpus, label) >= 0.5 for label in model["labels"]}
    for label, other in combinations(model["labels"], 2):
        both = marked[label] & marked[other]
        row = {"model": model["name"], "label": label, "other": other}
        if {label, other} == {"neutral", "anxious"}:
            yield {**row, "suppressed": "small"}
            continue
        expected = float(marked[label].mean() * marked[other].sum())
        figures = {"documents": int(both.sum()), "authors": int(corpus["author"][both].nunique())}
        yield {**row, **figures, "expected": expected, "lift": float(both.sum() / expected)}


def quality(
    corpus: pd.DataFrame, model: Mapping[str, Any], manifest: Mapping[str, Any], shares: pa.Table
) -> Iterator[dict[str, Any]]:
    counts, own = manifest["counts"], manifest["counts"]["models"][model["name"]]
    rejected = {**counts["rejected"], **own["rejected"]}
    rows: list[tuple[str, str, int | None, str | None]]
    rows = [("read", "all", counts["read"], None), ("scored", "all", own["scored"], None)]
    rows += [("rejected", reason, number, None) for reason, number in rejected.items()]
    for dimension in ("language", "source"):
        hidden, sizes = _hidden(corpus, (dimension,)), corpus[dimension].value_counts()
        for name, size in sizes.items():
            why = hidden.get((str(name),))
            rows.append((dimension, str(name), None if why else int(size), why))
    rows += [("windows", "1", own["scored"] - 211, None), ("windows", "2", 150, None), ("windows", "3 to 4", 61, None)]
    rows += [("duplicates", "all", own["duplicate_texts"], None), ("unattributed", "all", 24, None)]
    names = ("aspect", "value", "documents", "suppressed")
    yield from ({"model": model["name"], **dict(zip(names, row, strict=True))} for row in rows)


def change(shares: pa.Table, run_before: str) -> list[dict[str, Any]]:
    """Against a run before in which a little less was marked; the last model is not comparable."""
    rows = [r for r in shares.to_pylist() if r["by"] in ("all", "language") and not r["suppressed"]]
    last = rows[-1]["model"] if rows else None
    return [_changed(row, index, row["model"] != last or len({r["model"] for r in rows}) == 1, run_before)
            for index, row in enumerate(rows)]  # fmt: skip


def mix(corpus: pd.DataFrame, model: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    before = {"source": {"forum": 0.67, "diary": 0.18, "messages": 0.15}}
    for dimension, psi in (("language", 0.01), ("source", 0.14)):
        for value, share in corpus[dimension].value_counts(normalize=True).items():
            row = {"dimension": dimension, "value": value, "share": share, "psi": psi, "flagged": psi >= 0.1}
            yield {"model": model["name"], **row, "share_before": before.get(dimension, {}).get(str(value), share)}


def without_documents(shares: pa.Table) -> pa.Table:
    """As differential privacy leaves the table: noisy counts of authors, of few crossings, small groups left out."""
    noise = np.random.default_rng(5)
    kept = [row for row in shares.to_pylist() if row["by"] in ("all", "week", "language") and not row["suppressed"]]
    return as_table("prevalence", [_private(row, noise) for row in kept if not row["label"].startswith("n")])


def without_authors(shares: pa.Table) -> pa.Table:
    rows = [{k: v for k, v in row.items() if "author" not in k and "any_" not in k} for row in shares.to_pylist()]
    return as_table("prevalence", [{**row, "authors": None if row["suppressed"] else 0} for row in rows])


def _by_name(dimension: str) -> str:
    return "week" if dimension == "period" else dimension


def _alls() -> dict[str, str]:
    return dict.fromkeys(_DIMENSIONS, "all")


def _groups(corpus: pd.DataFrame, crossing: tuple[str, ...]) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    # Not as a list at once: that asks for the number of groups first, which takes longer than the groups.
    found = [(values, group) for values, group in corpus.groupby(list(crossing))] if crossing else [((), corpus)]
    return cast(list[tuple[tuple[str, ...], pd.DataFrame]], found)


def _hidden(corpus: pd.DataFrame, crossing: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    """The groups that are too small; next to a single small one, the next smallest gives it away and is hidden too."""
    sizes = {values: len(np.unique(group["author"])) for values, group in _groups(corpus, crossing)}
    hidden = {values: "small" for values, size in sizes.items() if size < MIN_AUTHORS}
    for outer in {values[:-1] for values in sizes}:
        inner = [values for values in sizes if values[:-1] == outer]
        shown = sorted((v for v in inner if v not in hidden), key=lambda v: sizes[v])
        if len(inner) - len(shown) == 1 and shown:
            hidden[shown[0]] = "complementary"
    return hidden


def _figures(group: pd.DataFrame, adjusted: bool) -> dict[str, Any]:
    marked, p = group["marked"].to_numpy(), group["p"].to_numpy()
    _, author = np.unique(group["author"].to_numpy(), return_inverse=True)
    written, found = np.bincount(author), np.bincount(author, marked)
    documents, positives, authors = len(group), int(marked.sum()), len(written)
    effect = 1 + 0.2 * (documents / authors - 1)
    share, author_share, any_positive = positives / documents, float((found / written).mean()), int((found > 0).sum())
    quantiles = np.quantile(p, list(_QUANTILES.values()))
    return {
        "documents": documents,
        "authors": authors,
        "positives": positives,
        "positive_authors": any_positive,
        **_interval("share", share, documents / effect),
        "design_effect": effect,
        **_interval("author_share", author_share, authors),
        **_interval("any_positive", any_positive / authors, authors),
        **(_adjusted("prevalence", share, documents / effect) if adjusted else {}),
        **(_adjusted("author_prevalence", author_share, authors) if adjusted else {}),
        **({"sensitivity": SENSITIVITY, "specificity": SPECIFICITY} if adjusted else {}),
        "prevalence_em": min(1.0, _rogan_gladen(share) * 1.04) if adjusted else None,
        "mean_probability": float(p.mean()),
        **{name: round(float(value) / 0.005) * 0.005 for name, value in zip(_QUANTILES, quantiles, strict=True)},
        "reliability": documents / (documents + 150),
        "author_band": "under_50" if authors < 50 else "50_to_199" if authors < 200 else "200_or_more",
    }


def _interval(name: str, share: float, size: float) -> dict[str, float]:
    low, high = wilson_interval(share * size, max(size, 1.0))
    return {name: share, f"{name}_low": float(low), f"{name}_high": float(high)}


def _adjusted(name: str, share: float, size: float) -> dict[str, float]:
    ends = _interval(name, share, size)
    return {end: _rogan_gladen(value) for end, value in ends.items()}


def _rogan_gladen(share: float) -> float:
    return float(np.clip((share + SPECIFICITY - 1) / (SENSITIVITY + SPECIFICITY - 1), 0, 1))


def _changed(row: Mapping[str, Any], index: int, comparable: bool, run_before: str) -> dict[str, Any]:
    moved = 0.025 if row["language"] == "all" and row["label"] == "depressed" else 0.006 * np.sin(index)
    before = float(np.clip(row["share"] - moved, 0, 1))
    half = 0.35 * (row["share_high"] - row["share_low"])
    flagged = comparable and row["language"] == "all" and row["label"] == "depressed"
    return {
        **{name: row[name] for name in ("model", "label", "language", "documents", "share")},
        "run_before": run_before,
        "documents_before": int(row["documents"] * 0.9),
        "share_before": before,
        "difference": row["share"] - before,
        "difference_low": max(-1.0, row["share"] - before - half),
        "difference_high": min(1.0, row["share"] - before + half),
        "p_value": 0.0004 if flagged else 0.4,
        "q_value": (0.004 if flagged else 0.6) if comparable else None,
        "psi": 0.03,
        "ks": 0.02,
        "comparable": comparable,
        "flagged": flagged,
    }


def _private(row: dict[str, Any], noise: np.random.Generator) -> dict[str, Any]:
    authors = max(1, row["authors"] + int(noise.integers(-3, 4)))
    positive = int(np.clip(row["positive_authors"] + noise.integers(-3, 4), 0, authors))
    kept = {"authors": authors, "positive_authors": positive, **_interval("any_positive", positive / authors, authors)}
    return {name: row[name] for name in (*_KEYS, "suppressed")} | {name: kept[name] for name in _KEPT_UNDER_PRIVACY}
