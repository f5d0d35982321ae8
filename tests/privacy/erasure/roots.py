"""Output roots with somebody in them who is to be erased, and what such a root would be without her."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from mh_batch import ScoreSettings, score_corpus
from mh_batch.pseudonyms import PseudonymKey, author_key, read_key
from tests.pseudonyms.chains import chained
from tests.scoring.corpora import document, write
from tests.scoring.recording_loader import RecordingLoader
from tests.texts import contents

MODEL = "xlmr-depression-mini"
ADA = "author-ada-lovelace"
SHARED = "A walk by the lake, and nothing else."
OUTBOX = pa.schema(
    {
        "outbox_id": pa.string(),
        "author_key": pa.string(),
        "evidence": pa.list_(pa.struct({"doc_id": pa.string(), "p": pa.float64()})),
    }
)


def documents(night: int) -> list[dict[str, Any]]:
    """Documents of a folder that grows: ten authors, six of them write in each language; a text that two wrote."""
    rows = []
    for author in range(10):
        name = ADA if author == 0 else f"author-{author}"
        for number in range(2 + 2 * night):
            day = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=3 * number)
            shared = number == 0 and author < 2
            text = SHARED if shared else f"Note {number} of {name}: the day was long and the evening short."
            language = ("en", "de")[author % 2]
            rows.append(document(f"journal-{name}-{number}", text, author_id=name, created_at=day, language=language))
    rows.append(document(f"journal-{ADA}-empty", "", author_id=ADA))
    rows.append(document(f"journal-{ADA}-polish", "To był spokojny dzień Ady.", author_id=ADA, language="pl"))
    rows.append(document("journal-author-1-empty", " ", author_id="author-1"))
    return rows


def others(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["author_id"] != ADA]


def two_nights(spark: SparkSession, folder: Path, nights: Iterable[list[dict[str, Any]]], **changes: Any) -> Path:
    """Score the nights of one growing folder, and return the output root."""
    (folder / "scored").mkdir(parents=True)
    for rows in nights:
        score(spark, folder / "root", write(folder / "in" / "part-0.parquet", rows), folder / "scored", **changes)
    return folder / "root"


def score(spark: SparkSession, root: Path, corpus: str, scored: Path, **changes: Any) -> None:
    settings = {"input": (corpus,), "output": str(root), "model": (MODEL,), "precision": "fp32", "min_authors": 1}
    score_corpus(spark, ScoreSettings(**{**settings, "partitions": 2, **changes}), load=RecordingLoader(scored))


def key_of(root: Path) -> PseudonymKey:
    return read_key(root / "pseudonym.key")


def with_remains(root: Path) -> Path:
    """Add what a root has besides published runs: a failed run, an outbox, what killed runs left."""
    key = key_of(root)
    newest = sorted((root / "runs").iterdir())[-1]
    for table in ("scores", "rejected"):
        for file in (newest / table).rglob("*"):
            if file.is_file():
                copy = root / "failed" / newest.name.replace("2026", "2025") / file.relative_to(newest)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(file.read_bytes())
    evidence = [{"doc_id": f"journal-{ADA}-0", "p": 0.9}, {"doc_id": "journal-author-1-0", "p": 0.8}]
    rows = [
        {"outbox_id": "1", "author_key": author_key(key, ADA), "evidence": evidence},
        {"outbox_id": "2", "author_key": author_key(key, "author-1"), "evidence": evidence},
    ]
    (root / "outbox" / "issued").mkdir(parents=True)
    for row in rows:
        pq.write_table(
            pa.Table.from_pylist([row], schema=OUTBOX), root / "outbox" / "issued" / f"{row['outbox_id']}.parquet"
        )
    for left in (
        root / "work" / "killed" / "examined",
        root / "runs" / "20250101T000000Z-killed" / "scores" / f"model={MODEL}",
    ):
        left.mkdir(parents=True)
        pq.write_table(pa.table({"doc_id": [f"journal-{ADA}-0"]}), left / "part-0.parquet")
    (root / "outbox" / "issued" / "3.parquet.draft").write_text(f"journal-{ADA}-0")
    return root


def needles(root: Path) -> list[bytes]:
    """All by which Ada is known: her ids, her pseudonym, the keys of the texts that only she wrote."""
    key = key_of(root)
    hers = [row for row in documents(1) if row["author_id"] == ADA]
    texts = [chained(key.links, "content", row["text"]) for row in hers if row["text"] and row["text"] != SHARED]
    return [word.encode() for word in (ADA, author_key(key, ADA), *[row["doc_id"] for row in hers], *texts)]


def places_of(words: Iterable[bytes], root: Path) -> list[str]:
    """Return the files that hold one of the words, Parquet decompressed."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return [str(path) for path in files if any(word in held for held in contents(path) for word in words)]
