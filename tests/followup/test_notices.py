import re
from datetime import date
from pathlib import Path

import pytest

from mh_batch.errors import SettingsError
from mh_batch.followup.notices import CrisisLine, load_help_lines

# As the operators and health ministries publish them.
PUBLISHED = {
    **{"US": "988", "CA": "988", "GB": "116 123", "IE": "116 123", "AU": "13 11 14", "DE": "0800 1110111"},
    **{"AT": "142", "CH": "143", "FR": "3114", "ES": "024", "BR": "188", "PT": "1411", "IT": "02 2327 2327"},
}
OWN = """
crisis_lines:
  US:
    - {name: Our own line, phone: "123", source: "https://example.org", checked: 2026-01-01}
self_help:
  nl: {tips: [Praat met iemand.], source: "https://example.org", checked: 2026-01-01}
"""


@pytest.mark.parametrize(("country", "phone"), PUBLISHED.items())
def test_a_country_has_its_own_line_first_and_the_international_one_besides(country: str, phone: str) -> None:
    first, *_, last = load_help_lines().find("en", country).lines
    assert first.phone == phone
    assert last.url == "https://findahelpline.com"


@pytest.mark.parametrize("country", [None, "ZZ", ""])
def test_without_a_country_the_international_line_remains(country: str | None) -> None:
    (line,) = load_help_lines().find("en", country).lines
    assert line.url == "https://findahelpline.com"


def test_there_are_recommendations_in_six_languages_and_english_for_the_rest() -> None:
    lines = load_help_lines()
    tips = {language: lines.find(language, None).tips for language in ("en", "de", "fr", "it", "pt", "es")}
    assert len(set(tips.values())) == 6
    assert lines.find("xx", None).tips == lines.find(None, None).tips == tips["en"]


def test_every_entry_names_its_source_and_can_be_reached() -> None:
    lines = load_help_lines()
    entries: list[CrisisLine] = [line for own in lines.crisis_lines.values() for line in own] + [lines.international]
    for line in entries:
        assert line.source.startswith("http")
        assert line.phone or line.url
        assert line.phone is None or re.fullmatch(r"[0-9 ()-]{3,}", line.phone)


def test_what_was_not_checked_within_a_year_is_warned_of() -> None:
    lines = load_help_lines()
    on_the_day = lines.stale(date(2026, 11, 23))
    assert [warning for warning in on_the_day if "last checked" in warning] == []
    assert all("was never checked: look at https://" in warning for warning in on_the_day)
    assert lines.stale(date(2027, 11, 23)) == on_the_day
    year_later = lines.stale(date(2027, 11, 24))
    assert "crisis line TelefonSeelsorge (DE) was last checked on 2026-11-23" in " ".join(year_later)
    assert len(year_later) > len(lines.crisis_lines)


def test_a_file_of_ones_own_replaces_countries_and_languages(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN)
    lines = load_help_lines(tmp_path / "own.yaml")
    assert [line.name for line in lines.find("nl", "US").lines] == ["Our own line", "Find A Helpline"]
    assert lines.find("nl", "US").tips == ("Praat met iemand.",)
    assert lines.find("de", "DE") == load_help_lines().find("de", "DE")


def test_a_mistake_in_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN.replace("phone", "fone"))
    with pytest.raises(SettingsError, match=r"crisis_lines\.US\.0\.fone: there is no such field; did you mean 'phone'"):
        load_help_lines(tmp_path / "own.yaml")
