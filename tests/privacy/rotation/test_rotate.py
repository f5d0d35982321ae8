import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch import open_run
from mh_batch.cli import main
from mh_batch.errors import KeyFileError, RotationError, UsageError
from mh_batch.output import OutputRoot, read_tombstones, root_key, write_tombstones
from mh_batch.privacy.rotation import rotate
from mh_batch.pseudonyms import ENVIRONMENT, ErasureHashes, read_key
from tests.interrupted_writes import Killed, killed_at
from tests.privacy.erasure.roots import documents, key_of, score
from tests.pseudonyms.chains import chained
from tests.scoring.corpora import write
from tests.scoring.recording_loader import scored_texts

pytestmark = [pytest.mark.spark, pytest.mark.runs]


@pytest.fixture
def root(with_ada: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(with_ada, tmp_path / "root"))


def tables(root: Path) -> Iterator[tuple[Path, list[dict[str, object]]]]:
    for path in sorted(root.rglob("*.parquet")):
        yield path, pq.ParquetFile(path).read().to_pylist()


def assert_under(links: tuple[bytes, ...], root: Path) -> None:
    """Every pseudonym is that of the author and the text of its document under the chain."""
    rows = {row["doc_id"]: row for row in documents(1)}
    texts = {chained(links, "content", row["text"]) for row in rows.values() if row["text"].strip()}
    authors = {chained(links, "author", row["author_id"]) for row in rows.values()}
    for path, found in tables(root):
        for row in found:
            if "content_key" in row and "doc_id" in row:
                assert row["content_key"] == chained(links, "content", rows[row["doc_id"]]["text"])
                assert row["author_key"] == chained(links, "author", rows[row["doc_id"]]["author_id"])
            assert row.get("content_key") in {None, *texts}, path
            assert row.get("author_key") in {None, *authors}, path


def test_a_rotation_takes_every_pseudonym_to_the_new_key_and_texts_are_found_again(
    spark: SparkSession, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = key_of(root).links
    assert_under(old, root)
    assert main(["rotate-key", "--output", str(root)]) == 0
    links = key_of(root).links
    assert links[:-1] == old
    assert_under(links, root)
    assert (root / "pseudonym.key").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in root.glob("pseudonym*")) == ["pseudonym.key"]
    (tmp_path / "scored").mkdir()
    score(spark, root, write(tmp_path / "in.parquet", documents(1)), tmp_path / "scored")
    assert scored_texts(tmp_path / "scored") == []
    *_, first, second = (open_run(str(root), run) for run in OutputRoot.at(str(root)).published())
    columns = ["doc_id", "author_key", "content_key", "p_depressed"]
    assert first.scores_pandas()[columns].sort_values("doc_id").to_numpy().tolist() == (
        second.scores_pandas()[columns].sort_values("doc_id").to_numpy().tolist()
    )


@pytest.mark.parametrize(
    ("operation", "where", "number"),
    [
        ("write_bytes", "rotation.json", 1),
        ("replace", "root", 1),
        ("replace", "root", 3),
        ("replace", "store", 1),
        ("write_bytes", "manifest.json", 1),
        ("delete", "rotation.json", 1),
    ],
)
def test_a_rotation_that_was_killed_is_finished_by_the_next_start_and_no_run_starts_before(
    root: Path, monkeypatch: pytest.MonkeyPatch, operation: str, where: str, number: int
) -> None:
    old = key_of(root).links
    with killed_at(monkeypatch, operation, where, number), pytest.raises(Killed):
        rotate(OutputRoot.at(str(root)))
    if (root / "rotation.json").exists():
        with pytest.raises(RotationError, match="rotate-key"):
            root_key(OutputRoot.at(str(root)))
    rotate(OutputRoot.at(str(root)))
    links = root_key(OutputRoot.at(str(root))).links
    assert (links[: len(old)], len(links)) == (old, len(old) + 1)
    assert_under(links, root)
    rotate(OutputRoot.at(str(root)))
    assert_under(key_of(root).links, root)


def test_tombstones_know_the_same_people_under_the_new_key(root: Path) -> None:
    folder = OutputRoot.at(str(root)).folder
    write_tombstones(
        folder, "one", ErasureHashes.of(key_of(root), ["ada"], ["doc-1"]), datetime(2026, 3, 2, tzinfo=UTC)
    )
    rotate(OutputRoot.at(str(root)))
    assert read_tombstones(folder) == ErasureHashes.of(key_of(root), ["ada"], ["doc-1"])


def test_a_key_in_the_environment_is_rotated_into_a_file(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = key_of(root)
    (root / "pseudonym.key").unlink()
    monkeypatch.setenv(ENVIRONMENT, old.links[0].hex())
    with pytest.raises(UsageError, match="--write-key-to"):
        rotate(OutputRoot.at(str(root)))
    rotate(OutputRoot.at(str(root)), write_key_to=tmp_path / "new.key")
    new = read_key(tmp_path / "new.key")
    assert_under(new.links, root)
    with pytest.raises(KeyFileError, match="not the key"):
        root_key(OutputRoot.at(str(root)))
    monkeypatch.setenv(ENVIRONMENT, " ".join(link.hex() for link in new.links))
    assert root_key(OutputRoot.at(str(root))) == new
