from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch import open_run
from mh_batch.cli import main
from mh_batch.consent import Subjects
from mh_batch.corpus.pseudonyms import author_key, content_key
from mh_batch.erasure import Erased, erase
from mh_batch.scoring.layout import OutputRoot
from mh_batch.storage import Folder
from tests.erasure.roots import ADA, MODEL, SHARED, documents, key_of, needles, others, places_of, score
from tests.scoring.corpora import write

pytestmark = pytest.mark.spark

HERS = [row for row in documents(1) if row["author_id"] == ADA]
TABLES = ("prevalence", "distribution", "cooccurrence", "quality", "change", "mix")


def erase_ada(spark: SparkSession, root: Path, **changes: Any) -> Erased:
    return erase(spark, Folder.at(str(root)), key_of(root), Subjects(authors=frozenset({ADA})), **changes)


def runs(root: Path) -> list[Any]:
    return [open_run(str(root), run) for run in OutputRoot.at(str(root)).published()]


def assert_as_if_she_had_never_written(root: Path, without: Path) -> None:
    assert places_of(needles(root), root) == []
    for run, expected in zip(runs(root), runs(without), strict=True):
        assert run.manifest["counts"] == expected.manifest["counts"]
        for table in TABLES:
            path = f"report/{table}.parquet"
            found, wanted = Path(run.folder.uri) / path, Path(expected.folder.uri) / path
            assert found.exists() == wanted.exists()
            if wanted.exists():
                pd.testing.assert_frame_equal(pq.read_table(found).to_pandas(), pq.read_table(wanted).to_pandas())


def test_nothing_of_an_erased_author_is_left_and_all_figures_are_those_of_the_others(
    spark: SparkSession, root: Path, without_ada: Path
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
    assert main(["validate", "--output", str(root)]) == 0


def test_the_rows_of_others_stay_as_they_were(spark: SparkSession, root: Path, with_ada: Path) -> None:
    erase_ada(spark, root)
    ada = author_key(key_of(root), ADA)
    for run, before in zip(runs(root), runs(with_ada), strict=True):
        expected = before.scores_pandas()
        expected = expected[expected.author_key != ada]
        pd.testing.assert_frame_equal(run.scores_pandas(), expected.reset_index(drop=True))
    outbox = pq.read_table(root / "outbox").to_pylist()
    assert [(row["outbox_id"], [entry["doc_id"] for entry in row["evidence"]]) for row in outbox] == [
        ("2", ["journal-author-1-0"])
    ]
    keys = [key for file in (root / "store").rglob("*.parquet") for key in pq.read_table(file)["content_key"].to_pylist()]
    assert Counter(keys) == Counter({content_key(key_of(root), row["text"]) for row in others(documents(1)) if row["text"].strip()})
    assert content_key(key_of(root), SHARED) in keys
