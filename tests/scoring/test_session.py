import pytest

from mh_batch.scoring import session
from mh_batch.scoring.session import run_settings


class Settings:
    """A session's settings, as far as runs touch them."""

    def __init__(self) -> None:
        self.values = {"spark.sql.session.timeZone": "Asia/Tokyo"}
        self.conf = self

    def get(self, key: str, default: None) -> str | None:
        return self.values.get(key, default)

    def set(self, key: str, value: str) -> None:
        self.values[key] = value

    def unset(self, key: str) -> None:
        del self.values[key]


def test_runs_that_overlap_keep_their_settings_until_the_last_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_runs", [])
    monkeypatch.setattr(session, "_before", {})
    shared = Settings()
    first, second = run_settings(shared), run_settings(shared)  # type: ignore[arg-type]  # a stand-in
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert shared.values["spark.sql.session.timeZone"] == "UTC"
    second.__exit__(None, None, None)
    assert shared.values == {"spark.sql.session.timeZone": "Asia/Tokyo"}


def test_a_run_in_another_session_gets_the_settings_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_runs", [])
    monkeypatch.setattr(session, "_before", {})
    one, other = Settings(), Settings()
    with run_settings(one), run_settings(other):  # type: ignore[arg-type]  # stand-ins
        assert one.values["spark.sql.session.timeZone"] == other.values["spark.sql.session.timeZone"] == "UTC"
    assert one.values == other.values == {"spark.sql.session.timeZone": "Asia/Tokyo"}
