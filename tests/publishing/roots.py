"""Output roots with published runs, written by hand: as Spark writes them, without Spark."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MOODS, SADNESS = "moods-1.5", "007"
LABELS = {MOODS: ("calm", "tense"), SADNESS: ("sad", "calm")}
RUN, LATER = "20260301T010000Z-aaaaaa", "20260302T010000Z-bbbbbb"


def scores(labels: Sequence[str], documents: Sequence[str]) -> pa.Table:
    number = len(documents)
    day = datetime(2026, 3, 1, tzinfo=UTC)
    return pa.table(
        {
            "doc_id": pa.array(documents, pa.string()),
            "author_key": pa.array([None, *(f"key-of-{name}" for name in documents[1:])][:number], pa.string()),
            "created_at": pa.array([day + timedelta(microseconds=i) for i in range(number)], pa.timestamp("us", "UTC")),
            "language": pa.array(["de"] * number, pa.string()),
            "source": pa.array([None] * number, pa.string()),
            "region": pa.array(["Süd"] * number, pa.string()),
            **{f"p_{label}": pa.array([(i + 1) / 10 for i in range(number)], pa.float64()) for label in labels},
            "labels": pa.array([list(labels[:1])] * number, pa.list_(pa.field("element", pa.string(), nullable=False))),
            "top_label": pa.array([labels[0]] * number, pa.string()),
            "n_tokens": pa.array(range(1, number + 1), pa.int64()),
            "n_windows": pa.array([1] * number, pa.int64()),
            "content_key": pa.array([f"text-of-{name}" for name in documents], pa.string()),
        }
    )


def rejected(documents: Sequence[str], **columns: pa.Array) -> pa.Table:
    number = len(documents)
    content: dict[str, Any] = {
        "doc_id": pa.array(documents, pa.string()),
        "author_key": pa.array([None] * number, pa.string()),
        "model": pa.array([None, *[MOODS] * (number - 1)][:number], pa.string()),
        "reason": pa.array(["empty_text"] * number, pa.string()),
        "detail": pa.array([None] * number, pa.string()),
    }
    return pa.table({**content, **columns})


def write_run(
    root: Path,
    run_id: str = RUN,
    labels: Mapping[str, Sequence[str]] = LABELS,
    documents: Sequence[str] = ("one", "two", "three"),
    without: Sequence[str] = (),
) -> Path:
    """Write a run, its tables in two files each, under the names that Spark gives."""
    run = root / "runs" / run_id
    for model, own in labels.items():
        write_table(run / "scores" / f"model={model}", scores(own, documents))
    write_table(run / "rejected", rejected(["four", "five"]).drop_columns(list(without)))
    manifest = {
        "run_id": run_id,
        "finished_at": "2026-03-01T01:10:00+00:00",
        "mh_batch_version": "0.0.9",
        "models": [{"name": name, "labels": [*own], "fingerprint": f"print-{name}"} for name, own in labels.items()],
        "inputs": ["/home/ada/diary.parquet"],
    }
    (run / "manifest.json").write_text(json.dumps(manifest))
    return run


def write_table(folder: Path, table: pa.Table) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    half = len(table) // 2
    for number, rows in enumerate((table.slice(0, half), table.slice(half))):
        pq.write_table(rows, folder / f"part-0000{number}-c000.snappy.parquet")
    (folder / "_SUCCESS").touch()


def own_rows(run: Path, models: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a run's files with run and model, as the published table has them; nulls left out."""
    rows = []
    for model in models:
        for file in sorted((run / "scores" / f"model={model}").glob("*.parquet")):
            for row in pq.ParquetFile(file).read().to_pylist():
                rows.append({**row, "model": model, "run_id": run.name})
    return sorted_rows(rows)


def sorted_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    known = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return sorted(known, key=lambda row: (row["run_id"], row.get("model", ""), row["doc_id"]))
