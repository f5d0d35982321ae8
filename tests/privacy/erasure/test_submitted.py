from pathlib import Path

import pytest

from mh_batch.cli import main


@pytest.mark.parametrize("flag", ["--author", "--doc"])
def test_ids_on_the_command_line_of_spark_submit_are_refused_before_its_event_log_begins(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    erase = ["erase", "--output", str(tmp_path), flag, "ada-lovelace"]
    assert main(erase) == 2
    assert "is no output root" in capsys.readouterr().err
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    assert main(erase) == 2
    said = capsys.readouterr().err
    assert "in a --file" in said
    assert "ada" not in said
