from datetime import date
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from mh_batch.common.flags import Parser, add_flags, given_flags
from mh_batch.errors import SettingsError
from mh_batch.settings import NightlySettings, ScoreSettings, TrainSettings, load_settings

NEEDED = {"input": ["in.parquet"], "output": "out", "model": ["xlmr-depression-mini"]}


def test_a_yaml_file_and_flags_fill_the_same_settings_and_flags_win(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("input: a.parquet\noutput: out\nmodel: m\nmax-text-chars: 10\nthreshold: {depressed: 0.6}\n")
    settings = load_settings(ScoreSettings, file, {"input": ["b.parquet", "c.parquet"]})
    assert settings.input == ("b.parquet", "c.parquet")
    assert settings.model == ("m",)
    assert settings.max_text_chars == 10
    assert settings.threshold == {"depressed": 0.6}


@pytest.mark.parametrize("given", ["emotions=a states=b", "emotions=a,states=b", "emotions=a --data states=b"])
def test_pairs_may_stand_apart_or_together(given: str) -> None:
    parser = Parser()
    add_flags(parser, TrainSettings)
    parsed = parser.parse_args(["--data", *given.split(), "--recipe", "r"])
    assert given_flags(parsed, TrainSettings) == {"data": {"emotions": "a", "states": "b"}, "recipe": "r"}


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        ScoreSettings(**NEEDED).output = "elsewhere"  # type: ignore[misc]  # the assignment is the test


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"inptu": "x"}, "unknown setting 'inptu': did you mean 'input'?"),
        ({"threshold": {"depressed": 2}}, "bad value for 'threshold.depressed'"),
        ({"period": "weak"}, "did you mean 'week'?"),
        ({"columns": {"txt": "body"}}, "'txt' is no column of a document; did you mean 'text'?"),
        ({"max_text_chars": "many"}, "bad value for 'max_text_chars'"),
        ({"consent_basis": ""}, "bad value for 'consent_basis'"),
        ({"consent": "ledger.csv", "consent_basis": "vote"}, "give --consent or --consent-basis"),
        ({"consent_as_of": "2026-03-01T00:00:00Z"}, "name the ledger with --consent"),
        ({"consent": "ledger.csv", "consent_as_of": "2026-03-01T00:00:00"}, "bad value for 'consent_as_of'"),
        ({"model": []}, "bad value for 'model'"),
        ({"group_by": ["regoin,week"]}, "'regoin' is nothing to group by; did you mean 'region'?"),
        ({"group_by": ["region,month"]}, "a report groups dates by one period, here by week"),
        ({"round_to": 50}, "bad value for 'round_to'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(flags: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(ScoreSettings, None, {**NEEDED, **flags})
    assert message in str(error.value)


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


def test_the_configuration_that_the_schedules_name_is_one() -> None:
    folder = Path(__file__).parents[1] / "jobs" / "schedules"
    settings = load_settings(NightlySettings, folder / "nightly.yaml", {"date": "2026-03-01"})
    assert (settings.date, settings.keep_runs) == (date(2026, 3, 1), 30)
    scheduled = yaml.safe_load((folder / "kubernetes.yaml").read_text())
    assert scheduled["spec"]["template"]["mainApplicationFile"].endswith("jobs/nightly.py")


SOME: dict[str, object] = {"output": "o", "model": "m", "input": "a.csv"}


def test_options_that_look_like_a_secret_are_not_written() -> None:
    options = {
        "sep": ";",
        "password": "hush",
        "fs.s3a.secret.key": "hush",
        "url": "jdbc:postgresql://me:hush@host/db",
        "connection": "driver=x;pwd=hush",
        "accountKey": "hush",
        "mirror": "postgresql://me:hu/sh=hush@host/db",
        "link": "https://host/c?sv=1&sig=hush",
        "dbtable": "posts",
        "query": "select doc_id, author_id from posts",
    }
    settings = load_settings(ScoreSettings, None, {**SOME, "format": "jdbc", "option": options})
    assert settings.option == options
    assert "hush" not in settings.model_dump_json()
    written = settings.model_dump(mode="json")["option"]
    assert (written["dbtable"], written["query"]) == (options["dbtable"], options["query"])


def test_what_is_read_is_named_by_input_or_by_format() -> None:
    for given in ({}, {"input": ()}):
        with pytest.raises(SettingsError, match=r"the setting 'input' is missing \(--input\)"):
            load_settings(ScoreSettings, None, {"output": "o", "model": "m", **given})
    settings = load_settings(ScoreSettings, None, {"output": "o", "model": "m", "format": "jdbc"})
    assert [(one.format, one.location) for one in settings.inputs] == [("jdbc", "")]
    with pytest.raises(SettingsError, match="--input delta: names nothing"):
        load_settings(ScoreSettings, None, {**SOME, "input": "delta:"})
    with pytest.raises(SettingsError, match="say which with --format"):
        load_settings(ScoreSettings, None, {**SOME, "input": "delta:a", "option": {"sep": ";"}})
