import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark import SparkContext
from pyspark.sql import SparkSession

from mh_batch import open_run
from mh_batch.spark import capability
from mh_batch.spark.gpus import Gpu
from tests.commands.running import XLMR, run
from tests.scoring.corpora import BROKEN, sound_documents, write
from tests.texts import PLANTED


@pytest.mark.parametrize(("version", "major"), [('"1.8.0_392"', 8), ('"11.0.2" 2019-01-15', 11)])
def test_old_java_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, major: int
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho 'openjdk version {version}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setattr(SparkContext, "_active_spark_context", None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    code, _, err = run(capsys, "score", "--input", "a", "--output", str(tmp_path / "o"), "--model", XLMR)
    assert code == 1
    assert f"is Java {major}. Spark 4 needs Java 17 or newer" in err


@pytest.mark.spark
def test_score_then_runs_report_and_validate(
    spark: SparkSession, capsys: pytest.CaptureFixture[str], tmp_path: Path, output: Path
) -> None:
    corpus = write(tmp_path / "in" / "a.parquet", [*sound_documents(), *[row for _, row in BROKEN]])
    read = 17 + len(BROKEN)
    config = tmp_path / "run.yaml"
    config.write_text(f"input: {corpus}\nmodel: {XLMR}\nmax_text_chars: 10000\nmin_authors: 1\n")
    code, out, err = run(
        capsys, "score", "--config", str(config), "--output", str(output), "--threshold", "depressed=0.6"
    )
    assert code == 0
    assert f"{read} rows read" in out
    assert f"17 scored, {len(BROKEN)} rejected; 16 texts new to the store" in out
    assert "an indicator, not a diagnosis" in out
    assert not any(text in out + err for text in PLANTED)

    code, out, _ = run(capsys, "runs", "--output", str(output), "--json")
    listed = json.loads(out)
    assert (code, listed["state"], listed["read"], listed["scored"]) == (0, "published", read, f"{XLMR}=17")

    again = ["report", "--output", str(output), "--period", "month", "--min-authors", "1", "--group-by", "source,month"]
    code, out, _ = run(capsys, *again, "--against", listed["run"], "--fail-on-drift")
    assert code == 0
    assert "+0.0 points since run" in out
    table = open_run(str(output)).prevalence()
    assert set(table["period"]) == {"all", "2026-03-01"}
    assert "month,source" in set(table["by"])
    said = open_run(str(output)).manifest["report"]
    assert (said["period"], said["min_authors"], said["against"]) == ("month", 1, listed["run"])

    assert run(capsys, "validate", "--output", str(output))[0] == 0
    spoil(output / "runs" / listed["run"] / "scores" / f"model={XLMR}")
    code, _, err = run(capsys, "validate", "--output", str(output))
    assert code == 3
    assert "p_depressed: ExpectColumnValuesToBeBetween" in err


def test_drift_is_an_exit_code_where_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = SimpleNamespace(manifest={"report": {"flags": ["depressed: 30 % after 20 %"]}})
    monkeypatch.setattr("mh_batch.commands.score_command.score_by", lambda settings: written)
    monkeypatch.setattr("mh_batch.commands.score_command.summarize_run", lambda run: "what was found")
    score = ["score", "--input", "in", "--output", str(tmp_path), "--model", XLMR]

    assert run(capsys, *score)[0] == 0
    code, out, err = run(capsys, *score, "--fail-on-drift")

    assert code == 4
    assert "what was found" in out
    assert "depressed: 30 % after 20 %" in err


def spoil(table: Path) -> None:
    """Raise one probability over 1, as a damaged or foreign file might."""
    path = next(path for path in sorted(table.glob("*.parquet")) if pq.ParquetFile(path).metadata.num_rows)
    content = pq.read_table(path, partitioning=None)
    index = content.column_names.index("p_depressed")
    spoilt = pa.array([2.0, *content["p_depressed"].to_pylist()[1:]])
    pq.write_table(content.set_column(index, "p_depressed", spoilt), path)
    path.with_name(f".{path.name}.crc").unlink()


@pytest.mark.spark
@pytest.mark.parametrize(
    ("columns", "flags", "message"),
    [
        ({"doc_id": ["a"], "text": ["x"]}, [], "has no 'consent' column"),
        ({"doc_id": ["a"], "body": ["x"]}, ["--consent-basis", "ours"], "has no column 'text'"),
        (None, [], "there is no such file or folder"),
    ],
)
def test_an_unusable_corpus_exits_with_2_before_anything_is_written(
    spark: SparkSession,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    output: Path,
    columns: dict[str, list[str]] | None,
    flags: list[str],
    message: str,
) -> None:
    path = tmp_path / "a.parquet"
    if columns is not None:
        pd.DataFrame(columns).to_parquet(path)
    code, _, err = run(capsys, "score", "--input", str(path), "--output", str(output), "--model", XLMR, *flags)
    assert code == 2
    assert message in err
    assert not output.exists()


@pytest.mark.spark
def test_a_gpu_that_is_not_there_is_missed_before_anything_is_written(
    spark: SparkSession,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capability, "gpus_of_this_machine", lambda: ())
    corpus = write(tmp_path / "a.parquet", sound_documents())
    code, _, err = run(capsys, "score", "--input", corpus, "--output", str(output), "--model", XLMR, "--device", "cuda")
    assert code == 2
    assert "--device cuda, but this machine has no GPU" in err
    assert not list(output.glob("runs/*"))


@pytest.mark.spark
def test_an_error_of_a_worker_reaches_the_user_and_spark_is_quoted_without_values(
    spark: SparkSession,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = write(tmp_path / "a.parquet", sound_documents())
    arguments = ["score", "--input", corpus, "--output", str(output), "--model", XLMR]
    nowhere = Gpu("cuda:99", "A GPU that is not there", "fp16")
    monkeypatch.setattr(capability, "gpus_of_this_machine", lambda: (nowhere,))
    code, _, err = run(capsys, *arguments, "--device", "cuda", "--precision", "fp32")
    assert code == 1
    assert "Error in " in err
    assert "; with MH_BATCH_DEBUG=1" in err
    assert list((output / "runs").iterdir()) == []
    part = tmp_path / "folder" / "part-1.parquet"
    write(part, sound_documents())
    part.with_name("part-2.parquet").write_bytes(part.read_bytes()[:2000])
    code, _, err = run(capsys, "score", "--input", str(part.parent), "--output", str(output), "--model", XLMR)
    assert code in (1, 2)
    assert not any(text in err for text in PLANTED)
