import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mh_batch.benchmark import candidates as contestants
from mh_batch.benchmark.agreement import compare
from mh_batch.benchmark.peak import matrix_peak, operations, operations_of
from mh_batch.benchmark.run import benchmark
from mh_batch.benchmark.runner import Result, largest_difference
from mh_batch.errors import SettingsError
from mh_batch.models import Model
from mh_batch.settings import BenchmarkSettings

# What a bare machine lacks, made unimportable before anything of the project is imported.
BARE = "import sys; sys.modules.update(dict.fromkeys(('pyspark', 'great_expectations')));"


def settings(folder: Path, **changes: object) -> BenchmarkSettings:
    pq.write_table(pa.table({"text": [f"A day {n} with rain and soup." for n in range(30)]}), folder / "t.parquet")
    given = {"texts": folder / "t.parquet", "output": folder / "out", "rounds": 2, "round_seconds": 0.2, "threads": 1}
    return BenchmarkSettings.model_validate({**given, **changes})


def test_contestants_are_measured_in_turns_and_agree(tmp_path: Path) -> None:
    table = benchmark(settings(tmp_path, contestants=("engine-fp32", "pipeline", "seed-loop"), shapes=("2x9",)))
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
    table = benchmark(settings(tmp_path, peers="none", agreement=("bf16",)))
    (found,) = json.loads((tmp_path / "out" / "benchmark.json").read_text())["agreements"]
    assert (found["precision"], found["texts"]) == ("bf16", 30)
    assert 0 < found["percentile_999"] <= found["largest"] < 0.05, "rounded, but not another model"
    assert "| bf16 | 30 |" in table


def test_texts_that_are_given_other_labels_are_counted(longformer_mini: Model) -> None:
    calm, tense, failed = (0.9, 0.1, 0.1, 0.1), (0.9, 0.1, 0.3, 0.1), (np.nan,) * 4
    wanted, found = np.array([calm, calm, calm, calm, failed]), np.array([calm, tense, calm, failed, failed])
    agreement = compare(longformer_mini, "int8", wanted, found)
    assert (agreement.texts, agreement.failed, agreement.flips) == (3, 1, 1)
    assert agreement.largest == pytest.approx(0.2)
    nothing = compare(longformer_mini, "int8", wanted[4:], found[4:])
    assert (nothing.texts, nothing.failed, nothing.largest) == (0, 0, 0.0)


def test_a_contestant_that_cannot_start_is_named_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contestants, "__name__", "mh_batch.benchmark.nowhere")
    table = benchmark(settings(tmp_path, contestants=("pipeline",)))
    assert "| pipeline | not measured: it ended: " in table
    assert "nowhere" in table


def test_a_contestant_that_ends_between_its_turns_is_named_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contestants, "__name__", "tests.benchmark.faint_contestant")
    table = benchmark(settings(tmp_path, contestants=("pipeline", "seed-loop"), rounds=3))
    assert "| pipeline | not measured: it ended: MemoryError" in table
    row = next(line for line in table.splitlines() if line.startswith("| seed-loop |"))
    assert " x 3 |" in row
    assert " 1.0 |" in row, "one that was not measured to its end is nobody's yardstick"


def test_a_contestant_that_does_not_exist_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'seed-loop'"):
        benchmark(settings(tmp_path, contestants=("seed-lop",)))


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
        benchmark(settings(tmp_path, peers="none", shapes=(shape,)))


def test_a_shape_that_the_model_cannot_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="takes 512 tokens, not 4,096"):
        benchmark(settings(tmp_path, peers="none", shapes=("1x4096",)))


def test_texts_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    chosen = settings(tmp_path, peers="none")
    pq.write_table(pa.table({"body": ["A day."]}), chosen.texts)
    with pytest.raises(SettingsError, match=r"cannot be read: .*text"):
        benchmark(chosen)
    with pytest.raises(SettingsError, match="cannot be read"):
        benchmark(chosen.model_copy(update={"texts": tmp_path / "nothing.parquet"}))


def test_operations_of_a_base_model_are_two_for_each_weight_and_the_scores() -> None:
    base = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}
    weights = 12 * (4 * 768**2 + 2 * 768 * 3072)
    assert operations(base, tokens=10, length=0) == 10 * 2 * weights
    assert operations(base, 1, 100) - operations(base, 1, 0) == 12 * 2 * 2 * 100 * 768
    local = {**base, "attention_window": [40] * 12}
    assert operations(local, 1, 100) - operations(base, 1, 0) == 12 * 2 * 2 * 42 * 768
    assert operations(local, 1, 30) == operations(base, 1, 30)


def test_operations_of_many_lengths_are_the_sum_of_those_of_each() -> None:
    base = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}
    each = operations(base, 5, 5) + operations(base, 9, 9) + operations(base, 5, 5)
    assert operations_of(base, np.array([5, 9, 5])) == pytest.approx(each)


def test_the_peak_is_a_speed_that_a_machine_can_have() -> None:
    assert 1e8 < matrix_peak("fp32", "cpu") < 1e13


def test_differences_compare_the_same_texts_only() -> None:
    one, other = Result("a", probabilities=[[0.1, 0.9], [0.5, 0.5]]), Result("b", probabilities=[[0.2, 0.8]])
    assert largest_difference(one, other) == pytest.approx(0.1)
    assert largest_difference(one, Result("c")) is None
    assert np.isclose(Result("d", 10, [1.0, 2.0, 4.0]).texts_per_second or 0, 5.0)
