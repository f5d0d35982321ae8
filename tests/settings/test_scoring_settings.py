from datetime import date
from pathlib import Path

import pytest
import yaml

from mh_batch.errors import SettingsError
from mh_batch.settings import NightlySettings, ScoreSettings, load_settings

NEEDED = {"input": ["in.parquet"], "output": "out", "model": ["xlmr-depression-mini"]}
SOME: dict[str, object] = {"output": "o", "model": "m", "input": "a.csv"}


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


def test_the_configuration_that_the_schedules_name_is_one() -> None:
    folder = Path(__file__).parents[2] / "jobs" / "schedules"
    settings = load_settings(NightlySettings, folder / "nightly.yaml", {"date": "2026-03-01"})
    assert (settings.date, settings.keep_runs) == (date(2026, 3, 1), 30)
    scheduled = yaml.safe_load((folder / "kubernetes.yaml").read_text())
    assert scheduled["spec"]["template"]["mainApplicationFile"].endswith("jobs/nightly.py")


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
