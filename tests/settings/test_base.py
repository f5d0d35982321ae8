from pathlib import Path

import pytest
from pydantic import ValidationError

from mh_batch.errors import SettingsError
from mh_batch.settings import ScoreSettings, load_settings


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        ScoreSettings(input=("in.parquet",), output="out", model=("m",)).output = "elsewhere"  # type: ignore[misc]  # the assignment is the test


def test_a_yaml_file_and_flags_fill_the_same_settings_and_flags_win(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("input: a.parquet\noutput: out\nmodel: m\nmax-text-chars: 10\nthreshold: {depressed: 0.6}\n")
    settings = load_settings(ScoreSettings, file, {"input": ["b.parquet", "c.parquet"]})
    assert settings.input == ("b.parquet", "c.parquet")
    assert settings.model == ("m",)
    assert settings.max_text_chars == 10
    assert settings.threshold == {"depressed": 0.6}


def test_a_missing_setting_names_its_flag() -> None:
    with pytest.raises(SettingsError, match="the setting 'output' is missing \\(--output\\)"):
        load_settings(ScoreSettings, None, {"input": ["a"], "model": ["m"]})


@pytest.mark.parametrize(
    ("content", "message"),
    [("input: [a", "not valid YAML: line"), ("- a\n- b\n", "must hold keys and values"), (None, "cannot be read")],
)
def test_a_broken_configuration_file_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "run.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match=message):
        load_settings(ScoreSettings, file, {})
