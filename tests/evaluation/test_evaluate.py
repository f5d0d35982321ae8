"""The command, on texts of our own grammar and a shipped model."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mh_batch.models import read_card
from tests.evaluation.labelled_examples import FAST, XLMR, run_evaluate, write_labelled


def test_several_labels_with_unknown_ones(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    unknown: list[Any] = [None if row < 10 else row % 2 for row in range(80)]
    data = write_labelled(
        tmp_path / "data.parquet", label=None, label_depressed=unknown, label_neutral=[1 - row % 2 for row in range(80)]
    )
    code, out, _ = run_evaluate(
        capsys,
        "--model",
        "longformer-mental-health-mini",
        XLMR,
        "--data",
        data,
        *FAST,
        "--output",
        str(tmp_path / "out"),
    )
    assert code == 0
    assert f"{XLMR} says nothing of neutral" in out
    metrics = pd.read_parquet(tmp_path / "out" / "metrics.parquet").query(
        "group_kind == 'all' and metric == 'accuracy'"
    )
    assert metrics.set_index(["model", "label"])["n"].to_dict() == {
        ("longformer-mental-health-mini", "depressed"): 70,
        ("longformer-mental-health-mini", "neutral"): 80,
        (XLMR, "depressed"): 70,
    }
    assert "| F1, macro |" in (tmp_path / "out" / "comparison.md").read_text()


def test_a_folder_with_a_card_is_measured_and_its_card_gets_the_rates(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, carded: Path
) -> None:
    data = write_labelled(tmp_path / "data.parquet")
    card = carded / "mh_batch_card.yaml"
    code, out, _ = run_evaluate(
        capsys,
        "--model",
        str(carded),
        "--data",
        data,
        *FAST,
        "--output",
        str(tmp_path / "out"),
        "--write-card",
        str(card),
    )
    assert code == 0
    assert "my-own, exact fp32" in out
    written = read_card(card)
    assert {(rate.label, rate.language) for rate in written.error_rates} == {
        ("depressed", "all"),
        ("depressed", "de"),
        ("depressed", "en"),
    }
    assert [rate.positives for rate in written.error_rates if rate.language == "all"] == [40]


@pytest.mark.parametrize(
    ("changes", "flags", "message"),
    [
        ({"label": None}, [], "has no labels"),
        ({"text": None}, [], "has no column 'text'"),
        ({"label": ["yes", "no"] * 40}, [], "--positive depressed="),
        ({"doc_id": ["a"] * 80}, [], "stands for several rows"),
        ({"doc_id": None}, ["--spark"], "rows need a doc_id"),
        ({}, ["--positive", "gloomy=1"], "say on the model's card"),
        ({}, ["--columns", "txt=body"], "did you mean 'text'?"),
        ({}, ["--threshold-criterion", "f1"], "need each other"),
        ({}, ["--reproduces", "mine"], "no published table 'mine'"),
        ({}, ["--engine", "exact", "--precision", "int8"], "int8 needs engine onnx"),
        ({}, ["--model", XLMR, "gone"], "no model 'gone'"),
        ({}, ["--data", "gone.parquet"], "there is no such file or folder: gone.parquet"),
    ],
)
def test_wrong_usage_exits_with_2_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, changes: dict[str, Any], flags: list[str], message: str
) -> None:
    data = write_labelled(tmp_path / "data.parquet", **changes)
    arguments = ["--model", XLMR, "--data", data, "--output", str(tmp_path / "out"), *FAST]
    code, _, err = run_evaluate(capsys, *arguments, *flags)
    assert code == 2
    assert message in err
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_parquet_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("text,label\n")
    code, _, err = run_evaluate(capsys, "--model", XLMR, "--data", str(tmp_path / "a.parquet"))
    assert code == 2
    assert "cannot be read as Parquet" in err
