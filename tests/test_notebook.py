"""The notebook runs from top to bottom, and carries no outputs: they would show what a run says of people."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from mh_batch import ScoreSettings, score_corpus
from tests.texts import PLANTED, SAMPLES, files_with

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "explore.ipynb"


def test_the_notebook_in_git_has_no_outputs() -> None:
    cells = [cell for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]

    assert len(cells) > 10
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)


@pytest.mark.slow
@pytest.mark.spark
def test_the_notebook_answers_from_a_run_without_dates_or_authors_as_well(spark: SparkSession, tmp_path: Path) -> None:
    """The README's test runs it on the demo; here on texts of which nothing is known."""
    texts = [f"{text} Day {day}." for samples in SAMPLES.values() for text in samples for day in range(5)]
    texts += [f"{text} Day {day}." for text in PLANTED for day in range(5)]
    bare = tmp_path / "corpus" / "bare.parquet"
    bare.parent.mkdir()
    pd.DataFrame({"doc_id": map(str, range(len(texts))), "text": texts}).to_parquet(bare)
    given = {"input": str(bare), "output": str(tmp_path / "output"), "model": "xlmr-depression-mini"}
    score_corpus(spark, ScoreSettings.model_validate({**given, "consent_basis": "written for this test"}))
    execute = [sys.executable, "-m", "papermill", "--no-progress-bar", "-p", "output", str(tmp_path / "output")]
    done = subprocess.run(
        [*execute, str(NOTEBOOK), str(tmp_path / "explored.ipynb")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert files_with(bare.parent, PLANTED) == [str(bare)]
    bare.unlink()
    assert files_with(tmp_path, PLANTED) == [], "neither the run nor the notebook repeats a text"
