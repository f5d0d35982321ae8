from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from mh_batch import ScoreSettings, score_corpus
from tests.scoring.corpora import document, write
from tests.scoring.recording_loader import RecordingLoader

pytestmark = [pytest.mark.spark, pytest.mark.runs]

XLMR, LONGFORMER = "xlmr-depression-mini", "longformer-mental-health-mini"
TEXTS = [f"Note {i}: a walk by the lake." for i in range(10)]


def test_only_what_changed_is_scored_again(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "scored").mkdir()
    output = str(tmp_path / "res[1] {a,b}*")  # a name of its own, which Spark would take for a pattern

    def texts_scored(texts: list[str], **changes: Any) -> dict[str, int]:
        rows = [document(f"d{i}", text, language="en") for i, text in enumerate(texts)]
        given = {"input": write(tmp_path / "in.parquet", rows), "output": output, "precision": "fp32"}
        settings = ScoreSettings.model_validate({**given, "model": XLMR, **changes})
        manifest = score_corpus(spark, settings, load=RecordingLoader(tmp_path / "scored")).manifest
        assert {counts["scored"] for counts in manifest["counts"]["models"].values()} == {len(texts)}
        return {model: done["texts"] for model, done in manifest["throughput"].items()}

    assert texts_scored(TEXTS) == {XLMR: 10}
    edited = ["Note 0: a walk by the sea.", *TEXTS[1:], "Note 10: new."]
    assert texts_scored(edited, threshold={"depressed": 0.9}) == {XLMR: 2}, "an edited text, and a new one"
    assert texts_scored(edited, model=(XLMR, LONGFORMER)) == {XLMR: 0, LONGFORMER: 11}, "another model"
    assert texts_scored(edited, precision="bf16") == {XLMR: 11}, "another precision"
    assert texts_scored(edited) == {XLMR: 0}, "what the first precision said is still known"
