import os
from pathlib import Path
from urllib.parse import unquote

import pytest

from mh_batch.errors import CorpusError
from mh_batch.sources.file_listing import DANGLING, LocalFiles, named_by


def files(*paths: Path) -> LocalFiles:
    walk = LocalFiles("the input", set())
    for path in paths:
        walk.take(path)
    return walk


def names(walk: LocalFiles, top: Path) -> list[str]:
    return [unquote(uri).removeprefix(f"file:{top}/") for uri in walk.files]


def make(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(name)


def test_files_of_a_folder_and_those_below_are_found_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b.parquet", "a/z.parquet", "a/1/x.parquet", "year=2026/c.parquet")
    assert sorted(names(files(tmp_path), tmp_path)) == [
        "a/1/x.parquet",
        "a/z.parquet",
        "b.parquet",
        "year=2026/c.parquet",
    ]


def test_what_writers_have_not_finished_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.parquet", "+tmp/b.parquet", "_temporary/0/c.parquet", ".spark-staging-1/d.parquet")
    make(tmp_path, "_SUCCESS", ".a.parquet.crc", "_metadata", "_x=1/e.parquet")
    assert sorted(names(files(tmp_path), tmp_path)) == ["_x=1/e.parquet", "a.parquet"]


def test_links_and_loops_are_read_once_and_the_file_itself_is_named(tmp_path: Path) -> None:
    make(tmp_path, "z/real.parquet")
    (tmp_path / "a.parquet").symlink_to(tmp_path / "z" / "real.parquet")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "z" / "up").symlink_to(tmp_path)
    (tmp_path / "z" / "again").symlink_to(tmp_path / "z")
    assert names(files(tmp_path), tmp_path) == ["z/real.parquet"]


def test_a_file_of_two_names_is_read_once(tmp_path: Path) -> None:
    make(tmp_path, "a.parquet")
    os.link(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert names(files(tmp_path), tmp_path) == ["a.parquet"]


def test_a_file_that_two_inputs_reach_is_read_once(tmp_path: Path) -> None:
    make(tmp_path, "in/a.parquet")
    (tmp_path / "other").symlink_to(tmp_path / "in")
    walk = files(tmp_path / "in", tmp_path / "other", tmp_path / "other" / "a.parquet")
    assert names(walk, tmp_path) == ["in/a.parquet"]
    assert walk.passed


def test_links_to_other_places_are_followed(tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/a.parquet", "in/b.parquet")
    (tmp_path / "in" / "region=North").symlink_to(tmp_path / "elsewhere")
    assert names(files(tmp_path / "in"), tmp_path) == ["in/b.parquet", "in/region=North/a.parquet"]


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    make(tmp_path, "a.parquet")
    (tmp_path / "gone.parquet").symlink_to("nowhere.parquet")
    (tmp_path / "itself.parquet").symlink_to("itself.parquet")
    os.mkfifo(tmp_path / "pipe.parquet")
    with open(os.fsencode(tmp_path) + b"/\xff.parquet", "wb"):  # noqa: PTH123 - a path is text
        pass
    causes = {Path(bad.location).name: bad.cause for bad in files(tmp_path).bad}
    assert causes.pop("gone.parquet") == DANGLING
    assert causes.pop("itself.parquet").startswith("it cannot be looked at")
    assert causes.pop("pipe.parquet") == "it is neither a file nor a folder"
    assert list(causes.values()) == ["its name is no UTF-8: rename it"]


def test_a_folder_that_may_not_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "secret/a.parquet")
    scan = os.scandir

    def refuse(path: Path) -> object:
        if path.name == "secret":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(CorpusError, match=r"the input cannot be listed: .*secret \(Permission denied\)"):
        files(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.parquet", ["a.parquet", "b.parquet", "c[1].parquet"]),
        ("{a,b}.parquet", ["a.parquet", "b.parquet"]),
        ("{a,{b,d}}*.parquet", ["a.parquet", "b.parquet"]),
        ("[^a].parquet", ["b.parquet"]),
        ("[ab].parquet", ["a.parquet", "b.parquet"]),
        ("?.parquet", ["a.parquet", "b.parquet"]),
        ("c[1].parquet", ["c[1].parquet"]),
        (r"c\[?\].parquet", ["c[1].parquet"]),
        ("res[1] {a,b}/*.parquet", ["res[1] {a,b}/2026-03-01T10:00.parquet"]),
        ("r*/2026-*", ["res[1] {a,b}/2026-03-01T10:00.parquet"]),
        ("*/x.parquet", []),
        ("_*/x.parquet", ["_temporary/x.parquet"]),
        ("nothing*", []),
    ],
)
def test_globs_match_as_sparks_do_and_names_stand_for_themselves(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    make(tmp_path, "a.parquet", "b.parquet", "c[1].parquet", "_SUCCESS", "_temporary/x.parquet")
    make(tmp_path, "res[1] {a,b}/2026-03-01T10:00.parquet")
    assert [str(path.relative_to(tmp_path)) for path in named_by(tmp_path / pattern)] == expected
