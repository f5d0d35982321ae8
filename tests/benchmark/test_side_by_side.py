import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mh_batch.benchmark.candidates import process
from mh_batch.benchmark.side_by_side import run_benchmark
from mh_batch.errors import SettingsError
from mh_batch.settings import BenchmarkSettings

# What a bare machine lacks, made unimportable before anything of the project is imported.
BARE = "import sys; sys.modules.update(dict.fromkeys(('pyspark', 'great_expectations')));"


def settings(folder: Path, **changes: object) -> BenchmarkSettings:
    pq.write_table(pa.table({"text": [f"A day {n} with rain and soup." for n in range(30)]}), folder / "t.parquet")
    given = {"texts": folder / "t.parquet", "output": folder / "out", "rounds": 2, "round_seconds": 0.2, "threads": 1}
    return BenchmarkSettings.model_validate({**given, **changes})


def test_candidates_are_measured_in_turns_and_agree(tmp_path: Path) -> None:
    table = run_benchmark(settings(tmp_path, contestants=("engine-fp32", "pipeline", "seed-loop"), shapes=("2x9",)))
    found = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    rows = {row["contestant"]: row for row in found["contestants"]}
    assert all(len(row["seconds"]) == 2 and row["problem"] is None for row in rows.values())
    assert all(row["largest_difference"] <= 1e-5 for row in rows.values())
    assert min(row["times_the_slowest"] for row in rows.values()) == 1
    assert found["shapes"][0]["difference"] <= 1e-4
    assert found["matrix_peak"]["fp32"] > 0
    assert "| seed-loop |" in table
    assert (tmp_path / "out" / "benchmark.svg").read_text().startswith("<svg")


def test_precisions_are_compared_with_fp32_over_all_texts(tmp_path: Path) -> None:
    table = run_benchmark(settings(tmp_path, peers="none", agreement=("bf16",)))
    (found,) = json.loads((tmp_path / "out" / "benchmark.json").read_text())["agreements"]
    assert (found["precision"], found["texts"]) == ("bf16", 30)
    assert 0 < found["percentile_999"] <= found["largest"] < 0.05, "rounded, but not another model"
    assert "| bf16 | 30 |" in table


def test_a_candidate_that_cannot_start_is_named_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "__name__", "mh_batch.benchmark.nowhere")
    table = run_benchmark(settings(tmp_path, contestants=("pipeline",)))
    assert "| pipeline | not measured: it ended: " in table
    assert "nowhere" in table


def test_a_candidate_that_ends_between_its_turns_is_named_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "__name__", "tests.benchmark.failing_candidate")
    table = run_benchmark(settings(tmp_path, contestants=("pipeline", "seed-loop"), rounds=3))
    assert "| pipeline | not measured: it ended: MemoryError" in table
    row = next(line for line in table.splitlines() if line.startswith("| seed-loop |"))
    assert " x 3 |" in row
    assert " 1.0 |" in row, "one that was not measured to its end is nobody's yardstick"


def test_a_candidate_that_does_not_exist_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'seed-loop'"):
        run_benchmark(settings(tmp_path, contestants=("seed-lop",)))


def test_the_benchmark_runs_without_spark_and_great_expectations(tmp_path: Path) -> None:
    given = settings(tmp_path, contestants=("job-fp32",), shapes=("1x5",))
    program = (
        f"{BARE} from mh_batch.cli import main; sys.exit(main(['benchmark', '--output', {str(given.output)!r},"
        f" '--texts', {str(given.texts)!r}, '--contestants', 'job-fp32', '--shapes', '1x5', '--rounds', '1']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "not measured: pyspark is not installed" in done.stdout
    assert "| 1 x 5 | fp32 |" in done.stdout


@pytest.mark.parametrize("shape", ["16", "x", "4x", "axb", "0x5", "16x0", "²x4"])
def test_a_shape_that_is_none_is_refused(tmp_path: Path, shape: str) -> None:
    with pytest.raises(SettingsError, match="such as 16x64"):
        run_benchmark(settings(tmp_path, peers="none", shapes=(shape,)))


def test_a_shape_that_the_model_cannot_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="takes 512 tokens, not 4,096"):
        run_benchmark(settings(tmp_path, peers="none", shapes=("1x4096",)))


def test_texts_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    chosen = settings(tmp_path, peers="none")
    pq.write_table(pa.table({"body": ["A day."]}), chosen.texts)
    with pytest.raises(SettingsError, match=r"cannot be read: .*text"):
        run_benchmark(chosen)
    with pytest.raises(SettingsError, match="cannot be read"):
        run_benchmark(chosen.model_copy(update={"texts": tmp_path / "nothing.parquet"}))
