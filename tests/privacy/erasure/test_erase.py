from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch import PublishedRun, open_run
from mh_batch.cli import main
from mh_batch.common.filesystem import Folder
from mh_batch.consent import Subjects
from mh_batch.output import OutputRoot
from mh_batch.privacy.erasure import Erased, erase, finish_erasure
from mh_batch.pseudonyms import author_key
from tests.interrupted_writes import Killed, killed_at
from tests.privacy.erasure.roots import ADA, OUTBOX, SHARED, documents, key_of, needles, others, places_of, score
from tests.pseudonyms.chains import chained
from tests.scoring.corpora import write

pytestmark = [pytest.mark.spark, pytest.mark.runs]

HERS = [row for row in documents(1) if row["author_id"] == ADA]
TABLES = ("prevalence", "distribution", "cooccurrence", "quality", "change", "mix")
ADA_HERSELF = Subjects(authors=frozenset({ADA}))


def erase_ada(spark: SparkSession, root: Path, tombstone: bool = True) -> Erased:
    return erase(spark, Folder.at(str(root)), key_of(root), ADA_HERSELF, tombstone)


def runs(root: Path) -> list[PublishedRun]:
    return [open_run(str(root), run) for run in OutputRoot.at(str(root)).published()]


def report_table(run: PublishedRun, name: str) -> pd.DataFrame | None:
    path = Path(run.folder.uri) / "report" / f"{name}.parquet"
    if not path.exists():
        return None
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame.drop(columns=["run", "run_before"], errors="ignore")  # they differ from root to root


def assert_as_if_she_had_never_written(root: Path, without: Path) -> None:
    assert places_of(needles(root), root) == []
    for run, expected in zip(runs(root), runs(without), strict=True):
        assert run.manifest["counts"] == expected.manifest["counts"]
        for name in TABLES:
            found, wanted = report_table(run, name), report_table(expected, name)
            if wanted is None:
                assert found is None
            else:
                assert found is not None
                pd.testing.assert_frame_equal(found, wanted)


def test_nothing_of_an_erased_author_is_left_and_all_figures_are_those_of_the_others(
    spark: SparkSession, root: Path, with_ada: Path, without_ada: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(places_of(needles(root), root)) > 5, "the search itself must work"
    erased = erase_ada(spark, root)
    assert_as_if_she_had_never_written(root, without_ada)
    assert erased.documents == len(HERS)
    assert len(erased.runs) == 3
    first, second = runs(root)
    [entry] = second.manifest["erasures"]
    assert (entry["documents"], entry["authors"]) == (len(HERS), 1)
    assert first.manifest["erasures"][0]["documents"] == len(HERS) - 2
    assert ADA not in "".join(capsys.readouterr())
    ada, key = author_key(key_of(root), ADA), key_of(root)
    for run, before in zip(runs(root), runs(with_ada), strict=True):
        expected = before.scores_pandas()
        expected = expected[expected.author_key != ada].reset_index(drop=True)
        pd.testing.assert_frame_equal(run.scores_pandas(), expected)
    [row] = pq.read_table(root / "outbox").to_pylist()
    assert (row["outbox_id"], [entry["doc_id"] for entry in row["evidence"]]) == ("2", ["journal-author-1-0"])
    files = list((root / "store").rglob("*.parquet"))
    store = [text for file in files for text in pq.read_table(file)["content_key"].to_pylist()]
    theirs = {chained(key.links, "content", row["text"]) for row in others(documents(1)) if row["text"].strip()}
    assert Counter(store) == Counter(theirs)
    assert chained(key.links, "content", SHARED) in store
    assert main(["validate", "--output", str(root)]) == 0


def test_a_person_comes_back_where_a_withdrawn_consent_was_granted_again_and_never_after_an_erasure(
    spark: SparkSession, root: Path, tmp_path: Path
) -> None:
    corpus = write(tmp_path / "in.parquet", documents(1))
    (tmp_path / "scored").mkdir()
    erase_ada(spark, root, tombstone=False)
    assert not list((root / "erased").iterdir())
    score(spark, root, corpus, tmp_path / "scored")
    assert ADA in {doc_id.split("-", 1)[1].rsplit("-", 1)[0] for doc_id in runs(root)[-1].scores_pandas().doc_id}
    erase_ada(spark, root)
    score(spark, root, corpus, tmp_path / "scored")
    assert places_of(needles(root), root) == []
    counts = runs(root)[-1].manifest["counts"]
    assert counts["read"] == len(documents(1))
    assert counts["rejected"] == {"empty_text": 1, "erased": len(HERS)}
    rejected = runs(root)[-1].rejected_pandas()
    hers = rejected[rejected.reason == "erased"]
    assert hers[["doc_id", "author_key", "model", "detail"]].isna().all(axis=None)


# Before the first table, between two tables, before old files of the store go, at a manifest, in a report, at the end.
KILLS = (
    ("replace", "rejected", 1),
    ("replace", "scores", 2),
    ("delete", "store", 1),
    ("write_bytes", "manifest.json", 1),
    ("write_bytes", "manifest.json", 3),
    ("write_bytes", "report", 9),
    ("delete", "pending.json", 1),
)


def test_whoever_is_killed_on_the_way_is_finished_by_the_next_start(
    spark: SparkSession, root: Path, without_ada: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for operation, where, number in KILLS:
        with killed_at(monkeypatch, operation, where, number), pytest.raises(Killed):
            erase_ada(spark, root)
        for run, expected in zip(runs(root), runs(without_ada), strict=True):
            theirs = set(expected.scores_pandas().doc_id)
            found = list(run.scores_pandas().doc_id)
            assert len(found) == len(set(found))
            assert theirs <= set(found)
    erase_ada(spark, root)
    assert_as_if_she_had_never_written(root, without_ada)
    for run in runs(root):
        assert len(run.manifest["erasures"]) == 1
    before = {path: path.read_bytes() for path in root.rglob("*.parquet")}
    assert erase_ada(spark, root) == Erased(0, (), 0)
    assert {path: path.read_bytes() for path in root.rglob("*.parquet")} == before


def test_whoever_finishes_an_erasure_takes_documents_out_of_evidence_and_asks_for_the_same_erase_again(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doc_id = "journal-of-a-run-that-was-retired"
    rows = [{"outbox_id": "4", "author_key": "somebody", "evidence": [{"doc_id": doc_id, "p": 0.9}]}]
    pq.write_table(pa.Table.from_pylist(rows, schema=OUTBOX), root / "outbox" / "issued" / "4.parquet")
    folder, key = Folder.at(str(root)), key_of(root)
    with killed_at(monkeypatch, "replace", "outbox", 1), pytest.raises(Killed):
        erase(spark, folder, key, Subjects(docs=frozenset({doc_id})))
    assert places_of([doc_id.encode()], root) != []
    finish_erasure(spark, folder, key)
    assert places_of([doc_id.encode()], root) == []
    assert "unless this is the same one, start the same erase again" in "".join(capsys.readouterr())


def test_an_input_that_is_named_after_somebody_leaves_manifest_and_page_and_folders_of_settings_stay(
    spark: SparkSession, root: Path
) -> None:
    first, name = runs(root)[0], "somebody-else"
    manifest = first.manifest
    [read] = manifest["inputs"]
    settings = {**manifest["settings"], "input": [f"/in/{name}"], "output": f"/studies/{name}"}
    named = {"inputs": [f"/in/{name}"], "tables": [{"input": f"/in/{name}"}], "settings": settings}
    (first.folder / "manifest.json").write_json({**manifest, **named})
    page = Path(first.report_page.uri)
    page.write_text(page.read_text().replace(read, f"/in/{name}"))
    subjects = Subjects(authors=frozenset({name}))
    tables = [path for path in page.parent.iterdir() if path != page]
    written = [path.stat().st_mtime_ns for path in tables]
    assert erase(spark, Folder.at(str(root)), key_of(root), subjects).documents == 0
    assert first.manifest["inputs"] == first.manifest["settings"]["input"] == ["/in/[erased]"]
    assert first.manifest["tables"] == [{"input": "/in/[erased]"}]
    assert first.manifest["settings"]["output"] == f"/studies/{name}"
    assert f"/in/{name}" not in page.read_text()
    assert "/in/[erased]" in page.read_text()
    assert [path.stat().st_mtime_ns for path in tables] == written, "counts that stay get no fresh noise"


def test_single_documents_are_erased_by_a_file_of_ids(
    spark: SparkSession, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doc_id = f"journal-{ADA}-0"
    (tmp_path / "ids.csv").write_text(f"doc_id\n{doc_id}\n")
    assert main(["erase", "--output", str(root), "--file", str(tmp_path / "ids.csv")]) == 0
    assert "erased 1 documents from 3 runs" in capsys.readouterr().out
    assert places_of([doc_id.encode()], root) == []
    outbox = pq.read_table(root / "outbox").to_pylist()
    assert [[entry["doc_id"] for entry in row["evidence"]] for row in outbox] == [["journal-author-1-0"]] * 2
    assert {path.stat().st_mode & 0o077 for path in (root / "runs").rglob("*")} == {0}
