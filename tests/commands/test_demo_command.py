from pathlib import Path

import pytest
from pyspark import SparkContext

from tests.commands.running import run


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
