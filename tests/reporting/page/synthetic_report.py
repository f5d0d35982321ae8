"""A synthetic run, so that the page can be built without Spark: three models, seven languages, nine weeks."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import pandas as pd
import pyarrow as pa

from mh_batch.reporting.report_tables import ReportTables
from tests.reporting.page import synthetic_rows as rows
from tests.reporting.page.synthetic_corpus import LANGUAGES, Shape, make_corpus

T = TypeVar("T")
_MADE: dict[str, object] = {}
RUN_BEFORE = "2026-04-27T020000Z-77c0"
_RATES = {"sensitivity": 0.9, "specificity": 0.95, "positives": 420, "negatives": 2210}

MODELS: list[dict[str, Any]] = [
    {
        "name": "longformer-mental-health",
        "title": "Mental Health Sentiment Analyzer (Longformer)",
        "task": "multi_label",
        "labels": ["neutral", "depressed", "anxious", "stressed"],
        "negative_label": "neutral",
        "thresholds": {"neutral": 0.5, "depressed": 0.5, "anxious": 0.5, "stressed": 0.5},
        "languages": ["en"],
        "limits": "Not clinical; no diagnosis. Biases of its training data.",
        "error_rates": [
            {"label": label, "language": "all", **_RATES} for label in ("neutral", "depressed", "anxious", "stressed")
        ],
    },
    {
        "name": "xlmr-depression",
        "title": "XLM-RoBERTa Depression Detection Model",
        "task": "single_label",
        "labels": ["not_depressed", "depressed"],
        "negative_label": "not_depressed",
        "thresholds": {},
        "languages": list(LANGUAGES),
        "limits": "Not for diagnosis. Most training texts are generated, 3 to 90 words long.",
        "error_rates": [{"label": "depressed", "language": language, **_RATES} for language in ("all", "en", "de")],
    },
    {
        "name": "xlmr-depression-mini",
        "title": "Small depression model that ships with mh-batch",
        "task": "single_label",
        "labels": ["not_depressed", "depressed"],
        "negative_label": "not_depressed",
        "thresholds": {},
        "languages": list(LANGUAGES),
        "limits": "Not for diagnosis.",
        "error_rates": [],
    },
]
_COMMON = {
    "fingerprint": "5c8e0f2a7b1d4e6f9a3c5b7d8e1f2a4c6b8d0e2f4a6c8e0b2d4f6a8c0e2b4d6f",
    "origin": "hub example/model@0123abc",
    "engine": "exact",
    "precision": "bf16",
    "licence": "MIT",
    "citation": "Author, A. (2025). A model.",
}
_REPORT = {
    "period": "week",
    "group_by": ["week,region"],
    "min_authors": 20,
    "round_to": None,
    "counted_as_authors": "authors",
    "privacy": None,
    "against": RUN_BEFORE,
    "flags": [
        "depressed (xlmr-depression), all languages: 17.4 % of texts are marked, 14.9 % in the run before "
        "(+2.5 points, 95 % interval +1.1 to +3.9).",
        "The mix of sources changed (xlmr-depression): stability index 0.14; diary 31 % of texts, 18 % before.",
    ],
    "suppressed": {"small": 42, "complementary": 17},
}


def manifest(models: list[dict[str, Any]] = MODELS, shape: Shape | None = None, **report: Any) -> dict[str, Any]:
    """The manifest of the synthetic run; `report` replaces what it says of the report."""
    corpus = _corpus(shape or Shape())
    return {
        "run_id": "2026-05-04T020000Z-1f9c",
        "started_at": "2026-05-04T02:00:00+00:00",
        "finished_at": "2026-05-04T02:41:17+00:00",
        "mh_batch_version": "0.1.0",
        "versions": {"mh_batch": "0.1.0", "python": "3.11.7", "pyspark": "4.1.4", "torch": "2.13.0+cpu"},
        "inputs": ["s3a://corpus/posts/2026/*.parquet"],
        "consent_basis": None,
        "models": [{**_COMMON, **model} for model in models],
        "counts": {
            "read": len(corpus) + 120,
            "rejected": {"no_consent": 97, "empty_text": 14, "invalid_date": 7},
            "models": {model["name"]: _row_counts(corpus, model) for model in models},
        },
        "validation": {"success": True, "expectations": 61},
        "throughput": {"documents_per_second": 56.2, "tokens_per_second": 1913.0},
        "settings": {"period": "week", "threshold": {}, "token_budget": 8192, "device": "auto"},
        "report": {**_REPORT, **report},
    }


def prevalence(models: list[dict[str, Any]] = MODELS, dated: bool = True, shape: Shape | None = None) -> pa.Table:
    """The prevalence table of the synthetic run, with all its totals."""
    return _once("prevalence", _prevalence, models, dated, shape)


def _prevalence(models: list[dict[str, Any]], dated: bool, shape: Shape | None) -> pa.Table:
    corpora = [(model, _read_by(model, shape, dated)) for model in models]
    return rows.as_table("prevalence", [row for model, corpus in corpora for row in rows.prevalence(corpus, model)])


def tables(models: list[dict[str, Any]] = MODELS, dated: bool = True, shape: Shape | None = None) -> ReportTables:
    """All tables of the synthetic run."""
    return _once("tables", _tables, models, dated, shape)


def _tables(models: list[dict[str, Any]], dated: bool, shape: Shape | None) -> ReportTables:
    shares = prevalence(models, dated, shape)
    corpora = [(model, _read_by(model, shape, dated)) for model in models]
    said = manifest(models, shape)
    return ReportTables(
        prevalence=shares,
        distribution=rows.as_table("distribution", [r for m, c in corpora for r in rows.distribution(c, m, shares)]),
        cooccurrence=rows.as_table("cooccurrence", [row for m, c in corpora for row in rows.cooccurrence(c, m)]),
        quality=rows.as_table("quality", [row for m, c in corpora for row in rows.quality(c, m, said, shares)]),
        change=rows.as_table("change", rows.change(shares, RUN_BEFORE)),
        mix=rows.as_table("mix", [row for model, corpus in corpora for row in rows.mix(corpus, model)]),
    )


def private_tables(models: list[dict[str, Any]] = MODELS) -> ReportTables:
    """What is left of the tables under differential privacy."""
    full = tables(models)
    return ReportTables(
        prevalence=rows.without_documents(full.prevalence),
        distribution=full.distribution.slice(0, 0),
        cooccurrence=full.cooccurrence.slice(0, 0),
        quality=full.quality.slice(0, 0),
    )


def nameless_tables(models: list[dict[str, Any]] = MODELS) -> ReportTables:
    """The tables of a corpus that names no authors."""
    full = tables(models)
    return ReportTables(rows.without_authors(full.prevalence), full.distribution, full.cooccurrence, full.quality)


def _corpus(shape: Shape) -> pd.DataFrame:
    return _once("corpus", make_corpus, shape)


def _once(name: str, make: Callable[..., T], *values: object) -> T:
    """Make something for these values once in a test run: it takes seconds."""
    key = f"{name} {values!r}"
    if key not in _MADE:
        _MADE[key] = make(*values)
    return cast(T, _MADE[key])


def _read_by(model: dict[str, Any], shape: Shape | None, dated: bool) -> pd.DataFrame:
    corpus = _corpus(shape or Shape())
    read = corpus[corpus["language"].isin(model["languages"])].reset_index(drop=True)
    return read if dated else read.assign(period="undated")


def _row_counts(corpus: pd.DataFrame, model: dict[str, Any]) -> dict[str, Any]:
    scored = int(corpus["language"].isin(model["languages"]).sum())
    rejected = {"unknown_language": len(corpus) - scored, "inference_failed": 2}
    return {
        "scored": scored,
        "rejected": {reason: number for reason, number in rejected.items() if number},
        "windows": scored + 354,
        "windowed_documents": 211,
        "duplicate_texts": 388,
    }
