import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark import SparkContext
from pyspark.sql import SparkSession

from mh_batch import open_run
from mh_batch.cli import main
from mh_batch.spark import capability
from mh_batch.spark.gpus import Gpu
from tests.scoring.corpora import BROKEN, sound_documents, write
from tests.texts import PLANTED, SAMPLES

XLMR = "xlmr-depression-mini"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.mark.parametrize(("before", "after"), [("C", "C.UTF-8"), ("POSIX", "C.UTF-8"), ("C.UTF-8", "C.UTF-8")])
def test_a_jvm_that_is_started_knows_all_letters_of_names(before: str, after: str) -> None:
    program = "import os; from mh_batch.cli import main; main(['scroe']); print(os.environ['LC_ALL'])"
    environment = {**os.environ, "LC_ALL": before}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == f"{after}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scroe"], "no command 'scroe': did you mean 'score'?"),
        ([], "the following arguments are required: COMMAND"),
        (["score", "--modle", "x"], "unknown argument '--modle': did you mean '--model'?"),
        (["score", "--mod", "x"], "unknown argument '--mod'"),
        (["score", "--input", "a", "--model", XLMR], "the setting 'output' is missing (--output)"),
        (["score", "--input", "a", "--output", "o", "--model", "xlmr-depresion-mini"], f"did you mean '{XLMR}'?"),
        (["score", "--input", "a", "--output", "o", "--model", XLMR, "--columns", "text"], "takes NAME=VALUE pairs"),
        (["score", "--input", "a", "--output", "o", "--model", XLMR, "--columns", "txt=a"], "did you mean 'text'?"),
        (["score", "--input", "a", "--output", "o", "--model", XLMR, "--period", "weak"], "did you mean 'week'?"),
        (["score", "--input", "a", "--output", "o", "--model", XLMR, "--device", "gpu"], "bad value for 'device'"),
        (
            ["score", "--input", "a", "--output", "o", "--model", XLMR, "--threshold", "depresed=0.6"],
            "threshold for 'depresed', a label of none of the models: did you mean 'depressed'?",
        ),
        (
            ["score", "--input", "a", "--output", "o", "--model", XLMR, "--threshold", "depressed=six"],
            "bad value for 'threshold.depressed'",
        ),
        (["score", "--config", "gone.yaml"], "the configuration file gone.yaml cannot be read"),
        (["models", "xlmr"], "no card 'xlmr'"),
        (["runs", "--output", "empty"], "empty holds no runs"),
        (["report", "--output", "empty"], "holds no published run"),
        (["validate", "--output", "empty", "--run", "x"], "holds no published run"),
        (["classify", " "], "no text to classify"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_right(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("mh-batch: ")


def test_missing_java_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(SparkContext, "_active_spark_context", None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = run(capsys, "demo", "--output", str(tmp_path / "demo"))
    assert code == 1
    assert "no Java found. Spark 4 needs Java 17 or newer: install it" in err
    assert "openjdk-17-jre-headless" in err
    assert not (tmp_path / "demo").exists()


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


def test_models_lists_the_cards_and_shows_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "models")
    assert code == 0
    assert f"{XLMR} " in out
    assert "shipped with mh-batch" in out
    code, out, _ = run(capsys, "models", "xlmr-depression")
    assert code == 0
    assert "malexandersalazar/xlm-roberta-base-cls-depression" in out


def test_classify_prints_probabilities_and_not_the_texts(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "classify", *SAMPLES["en"])
    assert code == 0
    assert out.count(f", {XLMR}: ") == 2
    assert not any(text in out + err for text in SAMPLES["en"])


def test_classify_reads_lines_and_writes_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join([SAMPLES["de"][0], "", SAMPLES["it"][1]]) + "\n")
    with lines.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        code, out, _ = run(capsys, "classify", "--json", "--model", XLMR)
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["text"] for row in rows] == [1, 2]
    assert rows[0]["probabilities"]["depressed"] > 0.5 > rows[1]["probabilities"]["depressed"]


@pytest.mark.spark
def test_score_then_runs_report_and_validate(
    spark: SparkSession, capsys: pytest.CaptureFixture[str], tmp_path: Path, output: Path
) -> None:
    corpus = write(tmp_path / "in" / "a.parquet", [*sound_documents(), *[row for _, row in BROKEN]])
    config = tmp_path / "run.yaml"
    config.write_text(f"input: {corpus}\nmodel: {XLMR}\nmax_text_chars: 10000\nmin_authors: 1\n")
    code, out, err = run(
        capsys, "score", "--config", str(config), "--output", str(output), "--threshold", "depressed=0.6"
    )
    assert code == 0
    assert "26 rows read" in out
    assert "17 scored, 9 rejected; 16 texts new to the store" in out
    assert "an indicator, not a diagnosis" in out
    assert not any(text in out + err for text in PLANTED)

    code, out, _ = run(capsys, "runs", "--output", str(output), "--json")
    listed = json.loads(out)
    assert (code, listed["state"], listed["read"], listed["scored"]) == (0, "published", 26, f"{XLMR}=17")

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
    monkeypatch.setattr("mh_batch.commands.scoring._score", lambda settings: written)
    monkeypatch.setattr("mh_batch.commands.scoring.summary", lambda run: "what was found")
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


def test_a_failed_run_without_a_manifest_is_listed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "failed" / "20260101T000000Z-abcdef").mkdir(parents=True)
    code, out, _ = run(capsys, "runs", "--output", str(tmp_path))
    assert code == 0
    assert "20260101T000000Z-abcdef  incomplete" in out
