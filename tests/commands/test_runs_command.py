from pathlib import Path

import pytest

from tests.commands.running import run


def test_a_failed_run_without_a_manifest_is_listed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "failed" / "20260101T000000Z-abcdef").mkdir(parents=True)
    code, out, _ = run(capsys, "runs", "--output", str(tmp_path))
    assert code == 0
    assert "20260101T000000Z-abcdef  incomplete" in out
