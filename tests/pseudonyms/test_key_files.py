import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mh_batch.errors import KeyFileError
from mh_batch.pseudonyms import ENVIRONMENT, key_of_environment, read_key, read_or_create_key, who_else_may_read

RANDOM = bytes(range(32)).hex()
OTHER = bytes(range(32, 64)).hex()


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pseudonym.key"
    first = read_or_create_key(path)
    assert read_or_create_key(path) == first
    assert [len(link) for link in first.links] == [32]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_runs_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: read_or_create_key(path), range(64)))
    assert len(keys) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["pseudonym.key"]


def test_a_file_holds_a_chain_of_keys_one_on_each_line(tmp_path: Path) -> None:
    (tmp_path / "mine.key").write_text(f"{RANDOM}\n{OTHER}\n")
    assert [link.hex() for link in read_key(tmp_path / "mine.key").links] == [RANDOM, OTHER]


def test_the_environment_holds_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert key_of_environment() is None
    monkeypatch.setenv(ENVIRONMENT, f"{RANDOM} {OTHER}")
    key = key_of_environment()
    assert key is not None
    assert [link.hex() for link in key.links] == [RANDOM, OTHER]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read"),
        ("", "holds no key"),
        ("hunter2!", "holds no key"),
        ("schlüssel", "holds no key"),
        ("abcd", "too short"),
        (f"{RANDOM}\nabcd", "too short"),
        ("00" * 32, "not random"),
        ("deadbeef" * 8, "not random"),
    ],
)
def test_a_file_without_a_usable_key_is_refused_and_not_quoted(
    tmp_path: Path, content: str | None, problem: str
) -> None:
    path = tmp_path / "mine.key"
    if content is not None:
        path.write_text(content)
    with pytest.raises(KeyFileError, match=r"mine\.key") as error:
        read_key(path)
    assert problem in str(error.value)
    assert "openssl rand -hex 32" in str(error.value)
    assert not content or content.split()[-1] not in str(error.value)


def test_an_empty_environment_variable_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, "")
    with pytest.raises(KeyFileError, match=ENVIRONMENT):
        key_of_environment()


@pytest.mark.parametrize(("mode", "others"), [(0o600, None), (0o640, "its group"), (0o644, "everybody")])
def test_who_else_may_read_a_key_is_known(tmp_path: Path, mode: int, others: str | None) -> None:
    path = tmp_path / "mine.key"
    path.write_text(RANDOM)
    os.chmod(path, mode)  # noqa: PTH101 - as a secret store mounts it
    assert who_else_may_read(path) == others
