import subprocess
import sys
from pathlib import Path

import pytest

from mh_batch.common.atomic_folder import draft_of
from mh_batch.errors import BusyError, UsageError


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def write(folder: Path, replace: bool = False, content: str = "new") -> None:
    with draft_of(folder, replace) as draft:
        (draft / "file").write_text(content)


def test_a_folder_appears_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    with draft_of(tmp_path / "deep" / "made") as draft:
        (draft / "file").write_text("new")
        assert not (tmp_path / "deep" / "made").exists()
    assert files(tmp_path) == {"deep/made/file": "new"}
    assert list((tmp_path / "deep").iterdir()) == [tmp_path / "deep" / "made"]


@pytest.mark.parametrize("replace", [True, False])
def test_what_fails_leaves_all_as_it_was(tmp_path: Path, replace: bool) -> None:
    write(tmp_path / "made", content="old")
    with pytest.raises(ZeroDivisionError), draft_of(tmp_path / "made", replace) as draft:
        (draft / "file").write_text(str(1 / 0))
    assert files(tmp_path) == {"made/file": "old"}


def test_only_who_may_replaces_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "made", content="old")
    with pytest.raises(UsageError, match="made exists"):
        write(tmp_path / "made")
    assert files(tmp_path) == {"made/file": "old"}
    write(tmp_path / "made", replace=True)
    assert files(tmp_path) == {"made/file": "new"}


def test_a_folder_that_cannot_be_put_in_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "made", content="old")
    rename = Path.rename

    def full(self: Path, target: Path) -> Path:
        if self.name == ".made.draft":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "made", replace=True)
    assert files(tmp_path) == {"made/file": "old"}


@pytest.mark.parametrize(("stands", "left"), [(True, "now"), (False, "before")])
def test_what_a_killed_process_left_is_settled(tmp_path: Path, stands: bool, left: str) -> None:
    for name, content in ((".made.draft", "half"), (".made.old", "before"), *([("made", "now")] if stands else [])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(content)
    found: list[dict[str, str]] = []

    def look_and_fail() -> None:
        with draft_of(tmp_path / "made") as draft:
            found.append(files(draft))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_and_fail()
    assert found == [{}]
    assert files(tmp_path) == {"made/file": left}


def test_of_two_processes_that_make_one_folder_the_second_is_told(tmp_path: Path) -> None:
    other = f"from tests.common.test_atomic_folder import Path, write; write(Path({str(tmp_path / 'made')!r}))"
    with draft_of(tmp_path / "made") as draft:
        (draft / "file").write_text("mine")
        with pytest.raises(BusyError, match="another process makes"):
            write(tmp_path / "made")
        done = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
        assert "BusyError" in done.stderr
    assert files(tmp_path) == {"made/file": "mine"}
