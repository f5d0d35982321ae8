"""Synthetic scores of a run in Parquet: two models, six languages, regions and authors of very unequal size."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from mh_batch.contracts import load_contract

LANGUAGES = ("en", "de", "fr", "it", "pt", "es")
MODELS: dict[str, dict[str, Any]] = {
    "one-of-two": {
        "name": "one-of-two",
        "title": "One of two labels",
        "task": "single_label",
        "labels": ["not_depressed", "depressed"],
        "negative_label": "not_depressed",
        "fingerprint": "f1",
        "thresholds": {},
        "languages": list(LANGUAGES),
        "error_rates": [
            {
                "label": "depressed",
                "language": language,
                "sensitivity": s,
                "specificity": c,
                "positives": p,
                "negatives": n,
            }
            for language, s, c, p, n in [
                ("all", 0.93, 0.95, 700, 1250),
                ("en", 0.95, 0.97, 126, 225),
                ("de", 0.90, 0.94, 103, 202),
                ("fr", 0.94, 0.96, 115, 199),
            ]
        ],
    },
    "several": {
        "name": "several",
        "title": "Several labels at once",
        "task": "multi_label",
        "labels": ["neutral", "depressed", "anxious", "stressed"],
        "negative_label": "neutral",
        "fingerprint": "f2",
        "thresholds": {"neutral": 0.5, "depressed": 0.3, "anxious": 0.5, "stressed": 0.4},
        "languages": ["en"],
        "error_rates": [],
    },
}
_CARD = {
    **dict.fromkeys(("origin", "licence", "citation", "limits", "intended_use"), "made up"),
    "engine": "exact",
    "precision": "fp32",
}


def draw_documents(documents: int, seed: int) -> pd.DataFrame:
    """Draw who writes what where; some documents lack an author, a date, a region or a language."""
    rng = np.random.default_rng(seed)
    authors = documents // 8
    weight = rng.lognormal(0, 1.2, authors)
    who = rng.choice(authors, documents, p=weight / weight.sum())
    home = rng.choice(LANGUAGES, authors, p=(0.5, 0.2, 0.14, 0.1, 0.058, 0.002))
    region = np.array([f"region {i}" for i in np.minimum(rng.zipf(1.4, authors), 40)])
    day = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 70 * 86_400, documents), unit="s")
    frame = pd.DataFrame(
        {
            "doc_id": [f"d{i}" for i in range(documents)],
            "author_key": [f"{a:064x}" for a in who],
            "created_at": day,
            "language": home[who],
            "source": rng.choice(["forum", "journal", "message"], documents, p=(0.6, 0.3, 0.1)),
            "region": region[who],
            "mood": rng.beta(1.2, 4, authors)[who],
        }
    ).astype({"source": object})
    for column, share in {"author_key": 0.03, "created_at": 0.02, "region": 0.05, "language": 0.01}.items():
        frame.loc[rng.random(documents) < share, column] = None
    return frame


def score(documents: pd.DataFrame, model: dict[str, Any], seed: int) -> pd.DataFrame:
    """Draw what a model says of the documents in its languages, by the contract of `scores`."""
    rng = np.random.default_rng(seed)
    own = documents[documents["language"].isin(model["languages"]) | (len(model["languages"]) > 1)].copy()
    logits = rng.normal(0, 1, (len(own), len(model["labels"]))) + 3 * own["mood"].to_numpy()[:, None] - 1.5
    p = 1 / (1 + np.exp(-logits))
    if model["task"] == "single_label":
        p = np.column_stack([1 - p[:, 1], p[:, 1]])
        given = [[model["labels"][i]] for i in p.argmax(axis=1)]
    else:
        reached = p >= np.array([model["thresholds"][label] for label in model["labels"]])
        given = [[label for label, r in zip(model["labels"], row, strict=True) if r] for row in reached]
    own = own.drop(columns="mood").assign(**{f"p_{label}": p[:, i] for i, label in enumerate(model["labels"])})
    return own.assign(
        labels=pd.Series(given, index=own.index),
        top_label=[model["labels"][i] for i in p.argmax(axis=1)],
        n_tokens=30,
        n_windows=np.minimum(rng.geometric(0.8, len(own)), 12),
        content_key=[f"k{i}" for i in range(len(own))],
    )


def write_run(folder: Path, scores: dict[str, pd.DataFrame], **manifest: Any) -> dict[str, Any]:
    """Write scores, and the manifest, as a run's folder holds them; return the manifest."""
    for name, frame in scores.items():
        schema = load_contract("scores").for_labels(tuple(MODELS[name]["labels"])).arrow_schema()
        target = folder / "scores" / f"model={name}"
        target.mkdir(parents=True)
        table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
        parquet.write_table(table, target / "part-0.parquet", coerce_timestamps="us")
    own = {name: {"scored": len(f), "rejected": {"inference_failed": 2}, "windows": 0} for name, f in scores.items()}
    own = {name: {**entry, "windowed_documents": 0, "duplicate_texts": 5} for name, entry in own.items()}
    written = {
        "run_id": folder.name,
        "previous": None,
        "started_at": "2026-05-04T02:00:00+00:00",
        "finished_at": "2026-05-04T02:41:17+00:00",
        "mh_batch_version": "0.1.0",
        "versions": {"mh_batch": "0.1.0"},
        "inputs": ["corpus"],
        "consent_basis": None,
        "settings": {},
        "validation": {"success": True, "expectations": 61},
        "throughput": {},
        "models": [{**_CARD, **MODELS[name]} for name in scores],
        "counts": {"read": 60_000, "rejected": {"no_consent": 9}, "models": own},
        **manifest,
    }
    (folder / "manifest.json").write_text(json.dumps(written), encoding="utf-8")
    return written
