"""Input that ought to hurt. Each kind has a stated outcome: a rejected row, a file left out, or a clear error."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch import PublishedRun, ScoreSettings, score_corpus
from mh_batch.errors import CorpusChangedError, CorpusError
from mh_batch.scoring import model_scoring
from tests.scoring.corpora import SCHEMA, document, write
from tests.scoring.recording_loader import RecordingLoader, scored_texts

pytestmark = [pytest.mark.spark, pytest.mark.runs]

LONE_SURROGATE = b"a walk \xed\xa0\x80 by the lake"
RIGHT_TO_LEFT = "\u05d4\u05dc\u05db\u05ea\u05d9 \u05dc\u05d9\u05dd \u202eand back\u202c"
EMPTY_TEXTS = 200_000


def run(spark: SparkSession, tmp_path: Path, **changes: Any) -> PublishedRun:
    (tmp_path / "scored").mkdir()
    settings = {"input": str(tmp_path / "in"), "output": str(tmp_path / "out"), "model": "xlmr-depression-mini"}
    chosen = ScoreSettings.model_validate({**settings, "precision": "fp32", **changes})
    return score_corpus(spark, chosen, load=RecordingLoader(tmp_path / "scored"))


def garble(path: Path) -> None:
    """Overwrite the pages and leave the footer."""
    content = bytearray(path.read_bytes())
    content[100:2000] = bytes(1900)
    path.write_bytes(content)


@pytest.mark.usefixtures("compiled_queries")
def test_poisoned_rows_and_files_are_accounted_for(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    sound = [document(f"sound-{i}", f"Note {i}, a walk.") for i in range(5)]
    odd = [
        document("zero-width", "\u200b\u200d\ufeff\u2060"),
        document("zero-width-between", "a\u200bwalk by the lake"),
        document("right-to-left", RIGHT_TO_LEFT, language="en"),
        document("huge", "A long day. " * (50_000_000 // 12)),
    ]
    write(folder / "a-sound.parquet", [*sound, *odd])
    surrogates = pa.array([LONE_SURROGATE]).view(pa.string())
    other = {name: pa.array([None], SCHEMA.field(name).type) for name in SCHEMA.names}
    consent = pa.array([["research"]], SCHEMA.field("consent").type)
    pq.write_table(
        pa.table({**other, "doc_id": pa.array(["surrogate"]), "text": surrogates, "consent": consent}),
        folder / "b-surrogate.parquet",
    )
    empty = pa.table({"doc_id": [f"e{i}" for i in range(EMPTY_TEXTS)], "text": [""] * EMPTY_TEXTS})
    pq.write_table(empty.append_column("consent", pa.array([["research"]] * EMPTY_TEXTS)), folder / "c-empty.parquet")
    garbled, truncated = folder / "d-garbled.parquet", folder / "e-truncated.parquet"
    for path in (garbled, truncated):
        write(path, [document(f"{path.stem}-{i}", f"Note {i * 7919}, a swim.") for i in range(1000)])
    garble(garbled)
    truncated.write_bytes(truncated.read_bytes()[:-50])
    pq.write_table(pa.table({"doc_id": ["m"], "text": [["a", "list"]]}), folder / "f-mixed.parquet")

    published = run(spark, tmp_path, max_bad_files=3)

    assert set(published.scores_pandas()["doc_id"]) == {row["doc_id"] for row in sound} | {
        "zero-width-between",
        "right-to-left",
    }
    rejected = published.rejected_pandas()
    assert Counter(rejected["reason"]) == {"empty_text": EMPTY_TEXTS + 1, "text_too_large": 1, "undecodable_text": 1}
    assert set(rejected[rejected["reason"] != "empty_text"]["doc_id"]) == {"huge", "surrogate"}
    bad = {Path(entry["file"]).name: entry["cause"] for entry in published.manifest["bad_files"]}
    assert bad == {
        "d-garbled.parquet": "it is damaged or no Parquet file",
        "e-truncated.parquet": "it is damaged or no Parquet file",
        "f-mixed.parquet": "column 'text' (text) is array<string>, expected string or binary",
    }
    assert published.manifest["counts"]["read"] == 5 + 4 + 1 + EMPTY_TEXTS
    assert "Note" not in json.dumps(published.manifest)


def test_a_file_that_is_found_damaged_too_late_is_one_too_many(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.parquet", [document("a", "A walk.")])
    garbled = tmp_path / "in" / "b.parquet"
    write(garbled, [document(f"b{i}", f"Note {i * 7919}, a swim.") for i in range(1000)])
    garble(garbled)
    with pytest.raises(CorpusError) as error:
        run(spark, tmp_path)
    assert f"1 of 2 files cannot be used:\n  - {garbled}: it is damaged" in str(error.value)
    assert "--max-bad-files 1" in str(error.value)
    assert list((tmp_path / "out" / "runs").glob("*")) == []
    assert list((tmp_path / "out" / "leases").iterdir()) == []


def test_a_file_that_vanishes_before_it_is_scored_stops_the_run_which_goes_on_without_it(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [document(f"d{i}", f"Note {i}, a walk.") for i in range(6)]
    write(tmp_path / "in" / "a.parquet", rows[:3])
    vanishing = tmp_path / "in" / "b.parquet"
    write(vanishing, rows[3:])
    look_up = model_scoring.look_up

    def look_up_and_lose(*arguments: Any) -> Any:
        found = look_up(*arguments)
        vanishing.unlink()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(model_scoring, "look_up", look_up_and_lose)
        with pytest.raises(CorpusChangedError, match=r"b\.parquet: it vanished, while it was being read"):
            run(spark, tmp_path)
    (tmp_path / "scored").rename(tmp_path / "scored before")
    assert set(run(spark, tmp_path).scores_pandas()["doc_id"]) == {"d0", "d1", "d2"}
    assert len(scored_texts(tmp_path / "scored before")) + len(scored_texts(tmp_path / "scored")) == 3
