import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mh_batch.inference.cache import cached_folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_of_many_that_want_a_folder_at_once_one_makes_it() -> None:
    together, made = threading.Barrier(6), []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "file").write_text("whole")

    def want(_: int) -> str:
        together.wait(60)
        return (cached_folder("thing", ["a"], make) / "file").read_text()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(want, range(6))) == ["whole"] * 6
    assert len(made) == 1


def test_what_decides_the_content_decides_the_folder() -> None:
    folders = {cached_folder("thing", [what], lambda folder: None) for what in ("a", "b", "a")}
    assert len(folders) == 2


def test_a_folder_that_could_not_be_made_is_made_next_time(cache: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        cached_folder("thing", ["a"], fail)
    assert list(cache.glob("mh-batch-*/*thing*/*")) == []
    assert list(cached_folder("thing", ["a"], lambda folder: None).iterdir()) == []


def test_what_a_killed_process_left_is_not_taken_for_whole() -> None:
    folder = cached_folder("thing", ["a"], lambda folder: None)
    left = folder.rename(folder.with_name(f"unfinished-{folder.name}"))
    (left / "half").write_text("half")
    assert list(cached_folder("thing", ["a"], lambda folder: None).iterdir()) == []
