import json
import sys
from pathlib import Path

import pytest

from tests.commands.running import XLMR, run
from tests.texts import SAMPLES

LONGFORMER = "longformer-mental-health-mini"


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


def test_a_text_may_follow_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "classify", "--model", XLMR, "--model", LONGFORMER, SAMPLES["en"][0])
    assert code == 0
    assert [line.split(": ")[0] for line in out.splitlines()] == [
        f"text 1, {XLMR}",
        f"text 1, {LONGFORMER}",
    ]
