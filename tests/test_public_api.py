"""What `mh_batch` exports is typed, documented and has an example that runs."""

import doctest
import inspect
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import SparkSession

import mh_batch

EXPORTS = sorted(set(mh_batch.__all__) - {"__version__"})


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of three texts, and a root that holds one run of it."""
    folder = tmp_path_factory.mktemp("examples")
    texts = ["I can't go on like this.", "Lovely weather today.", "Je me sens vide et inutile."]
    pd.DataFrame({"id": [1, 2, 3], "body": texts, "who": ["ann", "ben", "ann"]}).to_parquet(folder / "posts.parquet")
    settings = mh_batch.ScoreSettings(
        input=str(folder / "posts.parquet"),
        output=str(folder / "results"),
        model="xlmr-depression-mini",
        columns={"doc_id": "id", "text": "body", "author_id": "who"},
        consent_basis="texts written for this test",
    )
    mh_batch.score_corpus(spark, settings)
    return folder


def examples_of(name: str) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder(recurse=False).find(getattr(mh_batch, name), name)
    return [test for test in found if test.examples]


@pytest.mark.spark
@pytest.mark.parametrize("name", EXPORTS)
def test_the_example_of_an_export_runs(
    name: str, spark: SparkSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    exported: dict[str, Any] = {other: getattr(mh_batch, other) for other in EXPORTS}
    printed: list[str] = []
    (example,) = examples_of(name)
    example.globs = {**exported, "spark": spark}
    doctest.DocTestRunner().run(example, out=printed.append)
    assert printed == []


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_says_what_it_takes_returns_and_raises(name: str) -> None:
    exported = getattr(mh_batch, name)
    text = inspect.getdoc(exported) or ""
    sections = ["Example:"]
    if inspect.isfunction(exported):
        sections += ["Args:", "Returns:", "Raises:"]
    assert [section for section in sections if section not in text] == []
    if inspect.isfunction(exported):
        assert [one for one in inspect.signature(exported).parameters if f"    {one}: " not in text] == []


def test_the_package_says_that_it_is_typed() -> None:
    assert (files("mh_batch") / "py.typed").is_file()
