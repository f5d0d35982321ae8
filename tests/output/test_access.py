import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mh_batch.common.permissions import owner_only
from mh_batch.output import OutputRoot, make_folders, output_access


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in sorted(folder.rglob("*"))}


def write_as_a_session_of_somebody_else(root: Path) -> None:
    """A JVM has its own umask, which ours does not change."""
    for folder in (root / "runs" / "r", root / "runs" / "r" / "scores"):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    (root / "runs" / "r" / "scores" / "part-0").touch()
    (root / "runs" / "r" / "scores" / "part-0").chmod(0o644)


@pytest.mark.parametrize(
    ("with_group", "folder", "file"), [(None, "0o700", "0o600"), (False, "0o700", "0o600"), (True, "0o750", "0o640")]
)
def test_what_is_written_is_for_its_owner_and_where_asked_for_its_group(
    tmp_path: Path, with_group: bool | None, folder: str, file: str
) -> None:
    root = OutputRoot.at(str(tmp_path / "root"))
    with output_access(root, with_group):
        make_folders(root)
        (tmp_path / "root" / "pseudonym.key").touch(0o600)
        assert modes(tmp_path / "root")["runs"] == "0o700"
        write_as_a_session_of_somebody_else(tmp_path / "root")
    found = modes(tmp_path / "root")
    assert (found["runs"], found["scores"], found["store"]) == (folder, folder, folder)
    assert found["part-0"] == file
    assert found["pseudonym.key"] == "0o600"
    assert oct(stat.S_IMODE((tmp_path / "root").stat().st_mode)) == folder


def test_what_is_written_later_is_for_those_who_may_read_the_root_already(tmp_path: Path) -> None:
    root = OutputRoot.at(str(tmp_path / "root"))
    with output_access(root, with_group=True):
        make_folders(root)
    with output_access(root):
        (tmp_path / "root" / "runs" / "later").touch()
    assert modes(tmp_path / "root")["later"] == "0o640"


def test_files_of_others_in_the_same_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch(0o644)
    with output_access(OutputRoot.at(str(tmp_path))):
        make_folders(OutputRoot.at(str(tmp_path)))
    assert modes(tmp_path)["thesis.txt"] == "0o644"


def test_the_umask_is_put_back_when_the_last_user_is_gone(tmp_path: Path) -> None:
    with owner_only():
        with owner_only():
            pass
        (tmp_path / "inside").touch()
    (tmp_path / "outside").touch()
    assert modes(tmp_path) == {"inside": "0o600", "outside": "0o644"}
