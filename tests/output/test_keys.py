from pathlib import Path

import pytest

from mh_batch.common.filesystem import Folder
from mh_batch.errors import KeyFileError, RotationError, UsageError
from mh_batch.output import KEY_CHECK, MANIFEST, OutputRoot, root_key, rotation_marker
from mh_batch.pseudonyms import ENVIRONMENT

ONE, OTHER = bytes(range(32)).hex(), bytes(range(32, 64)).hex()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OutputRoot:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    return OutputRoot.at(str(tmp_path / "root"))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.key"
    path.write_text(ONE)
    path.chmod(0o600)
    return path


def test_a_named_file_wins_over_the_environment_and_that_over_the_roots_own(
    root: OutputRoot, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = root_key(root, may_create=True)
    monkeypatch.setenv(ENVIRONMENT, OTHER)
    assert [link.hex() for link in root_key(root).links] == [OTHER]
    assert [link.hex() for link in root_key(root, key_file).links] == [ONE]
    monkeypatch.delenv(ENVIRONMENT)
    assert root_key(root) == own


def test_a_named_file_is_never_made(root: OutputRoot, tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"absent\.key"):
        root_key(root, tmp_path / "absent.key", may_create=True)
    assert not (tmp_path / "absent.key").exists()


def test_a_root_elsewhere_needs_a_key_to_be_named(root: OutputRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Folder, "is_local", False)
    with pytest.raises(UsageError, match=f"--key-file or {ENVIRONMENT}"):
        root_key(root)


def test_a_key_that_others_may_read_is_used_with_a_warning(
    root: OutputRoot, key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root_key(root, key_file)
    assert caplog.messages == []
    key_file.chmod(0o644)
    root_key(root, key_file)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("mh_batch.output.keys", "WARNING")
    assert f"everybody may read {key_file}" in record.message


def test_another_key_than_that_of_earlier_runs_is_refused(
    root: OutputRoot, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = root_key(root, key_file)
    (root.run("20260302T000000Z-abc") / MANIFEST).write_json({KEY_CHECK: used.check})
    (root.run("20260303T000000Z-abc") / MANIFEST).write_json({})  # of a version that did not say
    assert root_key(root, key_file) == used
    monkeypatch.setenv(ENVIRONMENT, OTHER)
    with pytest.raises(KeyFileError, match="20260302T000000Z-abc"):
        root_key(root)


def test_nothing_starts_between_two_keys(root: OutputRoot, key_file: Path) -> None:
    rotation_marker(root).write_json({})
    with pytest.raises(RotationError, match="rotate-key"):
        root_key(root, key_file)
