import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mh_batch.datasets import LANGUAGES, STATES, SyntheticCorpus, write_synthetic_corpus
from mh_batch.errors import UsageError

COLUMNS = ["doc_id", "text", "author_id", "created_at", "language", "source", "region", "consent"]
CONSENTS = {"research", "self_help", "notify_therapist", "emergency_contact"}
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
BROKEN = {
    "null_text": 3,
    "empty_text": 2,
    "blank_text": 4,
    "null_doc_id": 2,
    "duplicate_doc_id": 3,
    "nul_character": 2,
    "invalid_utf8": 2,
    "no_research_consent": 4,
    "null_consent": 3,
    "unknown_language": 3,
    "oversized_text": 1,
    "invalid_date": 3,
}
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> SyntheticCorpus:
    return write_synthetic_corpus(tmp_path_factory.mktemp("synthetic") / "corpus")


@pytest.fixture(scope="module")
def rows(corpus: SyntheticCorpus) -> Rows:
    """All rows, the text as bytes: some of it is no text."""
    table = pa.concat_tables(pq.read_table(part) for part in sorted(corpus.folder.glob("*.parquet")))
    binary = table.column("text").combine_chunks().view(pa.binary())
    rows: Rows = table.set_column(1, "text", binary).to_pylist()
    return rows


@pytest.fixture(scope="module")
def sound(rows: Rows) -> Rows:
    """The rows that a plain reading of the contract lets pass."""
    seen: set[object] = set()
    passed = []
    for row in rows:
        if not _defects(row) and row["doc_id"] not in seen:
            seen.add(row["doc_id"])
            passed.append(row)
    return passed


def _defects(row: dict[str, Any]) -> list[str]:
    found = {
        "null_doc_id": row["doc_id"] is None,
        "null_consent": row["consent"] is None,
        "no_research_consent": row["consent"] is not None and "research" not in row["consent"],
        "unknown_language": row["language"] not in (None, *LANGUAGES),
        "invalid_date": not _is_moment(str(row["created_at"])),
        **_text_defects(row["text"]),
    }
    return [kind for kind, applies in found.items() if applies]


def _text_defects(value: bytes | None) -> dict[str, bool]:
    if value is None:
        return {"null_text": True}
    text = value.decode("utf-8", errors="replace")
    blank = not text.strip(INVISIBLE + " \t\r\n\u00a0")
    return {
        "empty_text": text == "",
        "blank_text": blank and text != "",
        "nul_character": "\x00" in text,
        "invalid_utf8": "\ufffd" in text,
        "oversized_text": len(text) > 1_000_000,
    }


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _texts(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [bytes(row["text"]).decode() for row in rows]


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, corpus: SyntheticCorpus) -> None:
    again = write_synthetic_corpus(tmp_path / "again")
    for part in corpus.folder.iterdir():
        assert (again.folder / part.name).read_bytes() == part.read_bytes()
    assert again.truth == corpus.truth


def test_another_seed_writes_another_corpus(tmp_path: Path, corpus: SyntheticCorpus) -> None:
    other = write_synthetic_corpus(tmp_path / "other", seed=8)
    assert other.truth != corpus.truth


def test_the_corpus_is_several_files_with_the_columns_of_the_contract(corpus: SyntheticCorpus) -> None:
    parts = sorted(corpus.folder.iterdir())
    assert [part.name for part in parts] == [f"part-{i:05d}.parquet" for i in range(3)]
    assert all(pq.read_schema(part).names == COLUMNS for part in parts)


def test_each_kind_of_broken_row_stands_as_often_as_stated(corpus: SyntheticCorpus, rows: Rows) -> None:
    found = Counter(kind for row in rows for kind in _defects(row))
    ids = Counter(row["doc_id"] for row in rows if row["doc_id"] is not None)
    found["duplicate_doc_id"] = sum(count - 1 for count in ids.values())
    assert found == BROKEN == corpus.broken


def test_every_row_is_sound_or_broken_once(corpus: SyntheticCorpus, rows: Rows, sound: Rows) -> None:
    assert all(len(_defects(row)) <= 1 for row in rows)
    assert len(sound) == corpus.documents == len(corpus.truth) == 600
    assert len(rows) == corpus.rows == 600 + sum(BROKEN.values())
    assert {row["doc_id"] for row in sound} == set(corpus.truth)


def test_the_files_hold_bytes_that_are_not_utf8(corpus: SyntheticCorpus) -> None:
    table = pa.concat_tables(pq.read_table(part) for part in corpus.folder.glob("*.parquet"))
    with pytest.raises(pa.ArrowInvalid, match="UTF8"):
        table.column("text").validate(full=True)


def test_the_columns_hold_what_the_contract_allows(sound: Rows) -> None:
    assert {row["language"] for row in sound} == {None, *LANGUAGES}
    assert {row["source"] for row in sound} == {"journal", "forum", "message"}
    assert len({row["region"] for row in sound}) == 10
    assert {given for row in sound for given in row["consent"]} == CONSENTS


def test_the_language_of_documents_is_recognised(sound: Rows, detect: Callable[[str], str]) -> None:
    declared = [row for row in sound if row["language"] and len(_texts([row])[0].split()) >= 8]
    right = sum(detect(_texts([row])[0]) == row["language"] for row in declared)
    assert right / len(declared) >= 0.97


def test_lengths_follow_the_bands_of_the_seed(sound: Rows) -> None:
    words = [len(text.split()) for text in _texts(sound)]
    posts = [n for n in words if n <= 90]
    bands = [(1, 8), (9, 15), (16, 35), (36, 60), (61, 90)]
    shares = [sum(low <= n <= high for n in posts) / len(posts) for low, high in bands]
    assert shares == pytest.approx([0.2, 0.1, 0.4, 0.2, 0.1], abs=0.06)
    assert sum(100 < n <= 700 for n in words) == pytest.approx(0.08 * 600, abs=3)
    assert sum(n > 1_900 for n in words) == pytest.approx(0.02 * 600, abs=2)


def test_one_english_text_is_longer_than_the_longest_model_reads(sound: Rows) -> None:
    giants = [row for row, text in zip(sound, _texts(sound), strict=True) if len(text.split()) >= 6_000]
    assert len(giants) == 1
    assert giants[0]["language"] in ("en", None)


def test_authors_write_several_documents_from_one_region(sound: Rows) -> None:
    documents = Counter(row["author_id"] for row in sound)
    assert 100 <= len(documents) <= 200
    assert max(documents.values()) >= 10
    assert len({(row["author_id"], row["region"]) for row in sound}) == len(documents)


def test_documents_stretch_over_eight_whole_weeks(sound: Rows) -> None:
    moments = [datetime.fromisoformat(str(row["created_at"])) for row in sound]
    assert datetime(2025, 2, 3, tzinfo=UTC) <= min(moments) < datetime(2025, 2, 10, tzinfo=UTC)
    assert datetime(2025, 3, 24, tzinfo=UTC) <= max(moments) < datetime(2025, 3, 31, tzinfo=UTC)


def test_the_depressed_share_rises_in_weeks_4_to_6_and_falls(tmp_path: Path) -> None:
    for seed in (7, 8, 9):
        shares = _depressed_by_week(write_synthetic_corpus(tmp_path / str(seed), seed=seed))
        rise = sum(shares[4:6]) / 2
        assert rise > sum(shares[:3]) / 3 + 0.08
        assert rise > shares[7] + 0.05


def _depressed_by_week(corpus: SyntheticCorpus) -> list[float]:
    table = pa.concat_tables(pq.read_table(p, columns=["doc_id", "created_at"]) for p in corpus.folder.iterdir())
    weeks: list[list[bool]] = [[] for _ in range(8)]
    for row in table.to_pylist():
        if row["doc_id"] in corpus.truth and _is_moment(row["created_at"]):
            days = (datetime.fromisoformat(row["created_at"]) - datetime(2025, 2, 3, tzinfo=UTC)).days
            weeks[days // 7].append("depressed" in corpus.truth[row["doc_id"]])
    return [sum(week) / len(week) for week in weeks]


def test_some_texts_stand_twice(sound: Rows) -> None:
    writers: dict[object, list[object]] = {}
    for row in sound:
        writers.setdefault(row["text"], []).append(row["author_id"])
    repeated = [authors for authors in writers.values() if len(authors) > 1]
    assert any(len(set(authors)) < len(authors) for authors in repeated)
    assert any(len(set(authors)) > 1 for authors in repeated)


def test_every_state_occurs_and_some_documents_have_two(corpus: SyntheticCorpus) -> None:
    assert {state for states in corpus.truth.values() for state in states} == set(STATES)
    assert any(len(states) == 2 for states in corpus.truth.values())


def test_the_truth_can_be_written_beside_the_corpus(tmp_path: Path) -> None:
    truth_file = tmp_path / "truth.json"
    corpus = write_synthetic_corpus(tmp_path / "corpus", documents=100, truth_file=truth_file)
    assert json.loads(truth_file.read_text()) == {key: list(states) for key, states in corpus.truth.items()}


def test_a_truth_file_within_the_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="part of the corpus"):
        write_synthetic_corpus(tmp_path, truth_file=tmp_path / "truth.json")


def test_too_few_documents_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least 100"):
        write_synthetic_corpus(tmp_path, documents=10)
