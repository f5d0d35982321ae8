"""A made-up run, so that the page can be built without Spark: three models, six languages, nine weeks."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from mh_batch.reporting.prevalence import wilson_interval
from mh_batch.validation import load_contract

LANGUAGES = {"en": 420, "de": 180, "fr": 120, "it": 75, "pt": 40, "es": 18}
FIRST_WEEK = date(2026, 3, 2)
WEEKS = 9

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
    },
    {
        "name": "xlmr-depression",
        "title": "XLM-RoBERTa Depression Detection Model",
        "task": "single_label",
        "labels": ["not_depressed", "depressed"],
        "negative_label": "not_depressed",
        "thresholds": {},
        "languages": ["en", "de", "fr", "it", "pt", "es"],
        "limits": "Not for diagnosis. Most training texts are generated, 3 to 90 words long.",
    },
    {
        "name": "xlmr-depression-mini",
        "title": "Small depression model that ships with mh-batch",
        "task": "single_label",
        "labels": ["not_depressed", "depressed"],
        "negative_label": "not_depressed",
        "thresholds": {},
        "languages": ["en", "de", "fr", "it", "pt", "es"],
        "limits": "Not for diagnosis.",
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
_BASE_RATES = {"neutral": 0.62, "not_depressed": 0.86, "depressed": 0.14, "anxious": 0.09, "stressed": 0.21}


def manifest(models: list[dict[str, Any]] = MODELS) -> dict[str, Any]:
    """The manifest of the made-up run."""
    books = {"scored": 6086, "rejected": {"inference_failed": 2}, "windows": 6440, "windowed_documents": 211}
    return {
        "run_id": "2026-05-04T020000Z-1f9c",
        "started_at": "2026-05-04T02:00:00+00:00",
        "finished_at": "2026-05-04T02:41:17+00:00",
        "mh_batch_version": "0.1.0",
        "inputs": ["s3a://corpus/posts/2026/*.parquet"],
        "consent_basis": None,
        "models": [{**_COMMON, **model} for model in models],
        "counts": {
            "read": 6206,
            "rejected": {"no_consent": 97, "empty_text": 14, "invalid_date": 7},
            "models": {model["name"]: {**books, "duplicate_texts": 388} for model in models},
        },
        "validation": {"success": True, "expectations": 61},
        "throughput": {"documents_per_second": 56.2, "tokens_per_second": 1913.0},
        "settings": {"period": "week", "threshold": {}, "token_budget": 8192, "device": "auto"},
    }


def prevalence(models: list[dict[str, Any]] = MODELS, dated: bool = True) -> pa.Table:
    """The prevalence table of the made-up run, with all its totals."""
    rng = np.random.default_rng(7)
    rows = [row for model in models for label in model["labels"] for row in _rows(rng, model["name"], label, dated)]
    schema = load_contract("prevalence").arrow_schema()
    return pa.Table.from_pylist(rows, schema=schema).sort_by([(n, "ascending") for n in schema.names[:4]])


def _rows(rng: np.random.Generator, model: str, label: str, dated: bool) -> list[dict[str, Any]]:
    cells: dict[tuple[str, str], tuple[int, int]] = {}
    for week in range(WEEKS):
        period = (FIRST_WEEK + timedelta(weeks=week)).isoformat() if dated else "undated"
        for language, size in LANGUAGES.items():
            documents = int(size * (0.6 + 0.1 * week if week < 7 else 1.4 - 0.13 * week))
            rate = _BASE_RATES[label] * (1 + 0.25 * np.sin(week / 2 + len(label)))
            cell = documents, int(rng.binomial(documents, min(rate, 1.0)))
            for key in ((period, language), (period, "all"), ("all", language), ("all", "all")):
                documents_so_far, positives_so_far = cells.get(key, (0, 0))
                cells[key] = documents_so_far + cell[0], positives_so_far + cell[1]
    return [_row(model, label, *key, *cell) for key, cell in cells.items()]


def _row(model: str, label: str, period: str, language: str, documents: int, positives: int) -> dict[str, Any]:
    low, high = wilson_interval(positives, documents)
    return {
        "model": model,
        "label": label,
        "period": period,
        "language": language,
        "documents": documents,
        "authors": documents // 3,
        "positives": positives,
        "prevalence": positives / documents,
        "ci_low": float(low),
        "ci_high": float(high),
        "mean_probability": positives / documents,
    }
