"""Small corpora for the tests of runs."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.texts import PLANTED, SAMPLES

SCHEMA = pa.schema(
    {
        "doc_id": pa.string(),
        "text": pa.string(),
        "author_id": pa.string(),
        "created_at": pa.timestamp("us", "UTC"),
        "language": pa.string(),
        "source": pa.string(),
        "region": pa.string(),
        "consent": pa.list_(pa.string()),
    }
)


def document(doc_id: str | None, text: str | None, **changes: Any) -> dict[str, Any]:
    """Return a sound document."""
    day = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=len(text or "") % 20)
    sound = {
        "author_id": "ada",
        "created_at": day,
        "language": None,
        "source": "journal",
        "region": "North",
        "consent": ["research"],
    }
    return {"doc_id": doc_id, "text": text, **sound, **changes}


def sound_documents() -> list[dict[str, Any]]:
    """Two short texts of each language, the planted ones, a long one, and a duplicate text: 17 documents, 16 texts."""
    texts = [(language, text) for language, samples in SAMPLES.items() for text in samples]
    rows = [document(f"{language}-{i}", text, author_id=f"author-{i % 3}") for i, (language, text) in enumerate(texts)]
    rows += [document(f"planted-{i}", f"{text} {text}") for i, text in enumerate(PLANTED)]
    rows.append(document("long", "It was a quiet day and I wrote a few lines. " * 120, language="en"))
    rows.append(document("copy", SAMPLES["en"][0], author_id="bob"))
    return rows


# What is wrong, and the reason that it must be given.
BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("null_doc_id", document(None, f"{PLANTED[0]} No id.")),
    ("null_text", document("b-null", None)),
    ("empty_text", document("b-empty", "")),
    ("empty_text", document("b-blank", " \n\u00a0\u200b")),
    ("nul_in_text", document("b-nul", f"{PLANTED[1]}\0")),
    ("text_too_large", document("b-large", PLANTED[2] * 400)),
    ("no_consent", document("b-no", f"{PLANTED[0]} No consent.", consent=["self_help"])),
    ("no_consent", document("b-null-consent", f"{PLANTED[0]} Null consent.", consent=None)),
    ("duplicate_doc_id", document("en-0", f"{PLANTED[1]} A second text with a known id.")),
]


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    """Write documents to a Parquet file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMA), path)
    return str(path)
