"""`mh-batch generate --provider template`: offline, from our own phrase grammar."""

import json
from pathlib import Path

import pandas as pd
import pytest

from mh_batch.cli import main


def generated(output: Path, *flags: str) -> pd.DataFrame:
    assert (
        main(["generate", "--provider", "template", "--output", str(output), "--texts-per-language", "100", *flags])
        == 0
    )
    return pd.read_parquet(output / "texts.parquet")


def test_texts_of_both_states_in_six_languages_come_without_key_or_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    texts = generated(tmp_path / "out")
    counts = texts.groupby(["language", "state"]).size()
    assert len(counts) == 12
    assert counts.min() >= 40
    assert (texts["label"] == (texts["state"] == "unhealthy")).all()
    assert set(texts["model"]) == {"phrase grammar"}
    assert texts["text"].is_unique
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["taken"] + sum(summary["refused"].values()) == summary["asked"] == 600
    assert summary["dollars"] == 0


def test_lengths_are_as_asked(tmp_path: Path) -> None:
    texts = generated(tmp_path / "out")
    words = texts["text"].map(lambda text: len(text.split()))
    bands = pd.cut(words, [2, 8, 15, 35, 60, 90], labels=["3-8", "9-15", "16-35", "36-60", "61-90"])
    assert (bands == texts["length_band"]).all()
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())["by"]["length_band"]
    for band in ("9-15", "16-35", "36-60", "61-90"):
        assert summary[band]["taken"] >= 0.95 * summary[band]["asked"]


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    first, second = generated(tmp_path / "a"), generated(tmp_path / "b")
    pd.testing.assert_frame_equal(first, second)
    assert (tmp_path / "a" / "plan.jsonl").read_bytes() == (tmp_path / "b" / "plan.jsonl").read_bytes()
    other = generated(tmp_path / "c", "--seed", "1")
    assert len(set(first["text"]) & set(other["text"])) < 0.5 * len(first)


def test_an_output_that_is_a_file_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").touch()
    assert main(["generate", "--provider", "template", "--output", str(tmp_path / "out")]) == 2
    assert "cannot be an output folder" in capsys.readouterr().err
