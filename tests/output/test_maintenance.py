import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch import ScoreSettings, score_corpus
from mh_batch.cli import main
from mh_batch.errors import BusyError, StoreError, UsageError
from mh_batch.output import (
    Leases,
    OutputRoot,
    ScoreStore,
    compact_store,
    prune_store,
    remove_stale_files,
    store_statistics,
)
from mh_batch.output.maintenance import delete_truncated_files
from tests.scoring.corpora import document, write
from tests.scoring.recording_loader import RecordingLoader

pytestmark = [pytest.mark.spark, pytest.mark.runs]

TEXTS = [f"Note {i}: a walk by the lake." for i in range(40)]


@pytest.fixture(scope="module")
def two_runs(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output root with two runs of one model: 30 texts, then 10 more."""
    folder = tmp_path_factory.mktemp("upkeep")
    (folder / "scored").mkdir()
    for texts in (TEXTS[:30], TEXTS):
        corpus = write(folder / "in.parquet", [document(f"d{i}", text, language="en") for i, text in enumerate(texts)])
        settings = ScoreSettings(
            input=(corpus,), output=str(folder / "out"), model=("xlmr-depression-mini",), precision="fp32", partitions=5
        )
        score_corpus(spark, settings, load=RecordingLoader(folder / "scored"))
    return folder / "out"


@pytest.fixture
def root(two_runs: Path, tmp_path: Path) -> OutputRoot:
    shutil.copytree(two_runs, tmp_path / "out")
    return OutputRoot.at(str(tmp_path / "out"))


def known(spark: SparkSession, root: OutputRoot) -> list[str]:
    """The keys of the texts that the next run would find."""
    keys = spark.read.parquet((root.run(root.published()[-1]) / "scores").uri).select("content_key")
    stores = [ScoreStore(spark, root, fingerprint) for fingerprint in root.fingerprints()]
    return [row["content_key"] for store in stores for row in store.lookup(keys).collect()]


def files(root: OutputRoot) -> list[Path]:
    return sorted(Path(root.folder.uri).glob("store/**/*.parquet"))


def test_statistics_tell_what_the_store_holds(root: OutputRoot, capsys: pytest.CaptureFixture[str]) -> None:
    found = store_statistics(root)
    assert len(found) == 1
    assert (found[0].models, found[0].rows, found[0].runs) == ("xlmr-depression-mini", 40, 2)
    assert (found[0].files, found[0].bytes) == (len(files(root)), sum(file.stat().st_size for file in files(root)))
    assert main(["store", "stats", "--output", root.folder.uri, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 40


def test_compaction_keeps_every_text_once(spark: SparkSession, root: OutputRoot) -> None:
    fingerprint = root.fingerprints()[0]
    store = ScoreStore(spark, root, fingerprint)
    # A text that another run scored side by side, and one that a run failed on.
    twice = spark.read.parquet(str(files(root)[0])).limit(1)
    store.append(twice, "beside")
    store.append(
        twice.selectExpr("'k' content_key", "null probabilities", "n_tokens", "n_windows", "'oom' failure"), "f"
    )
    before = len(files(root))
    assert compact_store(spark, root) == {fingerprint: (before, 1)}
    assert [file.parent.name.startswith("run=compacted-") for file in files(root)] == [True]
    table = pq.read_table(files(root)[0])
    assert table.num_rows == len(set(table["content_key"].to_pylist())) == 40
    assert table["failure"].null_count == 40
    assert sorted(known(spark, root)) == sorted(table["content_key"].to_pylist())
    assert compact_store(spark, root) == {fingerprint: (1, 1)}


def test_a_compaction_that_loses_a_text_changes_nothing(
    spark: SparkSession, root: OutputRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(root)
    monkeypatch.setattr("mh_batch.output.store._one_per_text", lambda scored: scored.limit(39))
    with pytest.raises(StoreError, match="wrote 39 of 40 texts; the store is as it was"):
        compact_store(spark, root)
    assert files(root) == before


def test_a_compaction_that_was_killed_before_it_deleted_is_harmless(
    spark: SparkSession, root: OutputRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(root)
    with monkeypatch.context() as patched:
        patched.setattr(
            "mh_batch.common.filesystem.Folder.delete", lambda folder: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            compact_store(spark, root)
    assert len(files(root)) == len(before) + 1
    assert len(set(known(spark, root))) == 40
    ScoreStore(spark, root, root.fingerprints()[0]).compact()
    assert len(known(spark, root)) == 40


def test_pruning_deletes_what_was_named_and_what_no_run_used(
    spark: SparkSession, root: OutputRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    used = root.fingerprints()[0]
    for name in ("old", "older"):
        (root.store(name) / "run=x").local_path().mkdir(parents=True)
    with pytest.raises(UsageError, match="name fingerprints with --fingerprint, or say --unused"):
        prune_store(root, (), unused=False)
    with pytest.raises(UsageError, match="no fingerprint 'oldd': did you mean 'old'"):
        prune_store(root, ("oldd",), unused=False)
    assert prune_store(root, ("old",), unused=False) == ["old"]
    assert main(["store", "prune", "--output", root.folder.uri, "--unused"]) == 0
    assert capsys.readouterr().out == "deleted older\n"
    assert root.fingerprints() == [used]
    assert prune_store(root, (used,), unused=False) == [used]
    assert known(spark, root) == []


def test_nobody_compacts_or_prunes_while_a_run_is_at_work(spark: SparkSession, root: OutputRoot) -> None:
    with Leases(root.folder).held("run", "r1"):
        with pytest.raises(BusyError, match="held by run r1"):
            compact_store(spark, root)
        with pytest.raises(BusyError, match="held by run r1"):
            prune_store(root, (), unused=True)


def test_torn_files_of_a_dead_run_are_dropped(spark: SparkSession, root: OutputRoot) -> None:
    torn = files(root)[0]
    run = torn.parent.name.removeprefix("run=")
    texts = pq.read_metadata(torn).num_rows
    torn.write_bytes(torn.read_bytes()[:-20])
    delete_truncated_files(root, run)
    assert not torn.exists()
    assert len(known(spark, root)) == 40 - texts


def test_what_killed_writers_left_half_written_goes_and_what_is_whole_stays(tmp_path: Path) -> None:
    whole = [
        "store/model=m/run=compacted-1/part-0.parquet",
        "runs/r/manifest.json",
        "outbox/issued/1.parquet",
        "erased/one.parquet",
    ]
    left = [
        "store/model=m/run=compacted-2/_temporary/0/task_1/part-0.parquet",
        "runs/r/report/index.html.draft",
        "outbox/issued/2.parquet.draft",
        "erased/pending.json.draft",
        "work/killed/part-0.parquet",
    ]
    others = ["leases/run-of-somebody-who-starts.json.draft", "notes/letter.draft"]
    for name in (*whole, *left, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    root = OutputRoot.at(str(tmp_path))
    remove_stale_files(root, Leases(root.folder))
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {*whole, *others}
