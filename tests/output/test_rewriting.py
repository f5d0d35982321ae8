from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mh_batch.common.filesystem import Folder
from mh_batch.errors import StoreError
from mh_batch.output import rewrite_files
from tests.interrupted_writes import Killed, killed_at


class Even:
    """Leaves the even numbers."""

    @property
    def stamp(self) -> dict[bytes, bytes]:
        return {b"numbers": b"even"}

    def concerns(self, file: pq.ParquetFile) -> bool:
        return "number" in file.schema_arrow.names

    def apply(self, rows: pa.Table) -> pa.Table:
        return rows.filter(pa.array([number % 2 == 0 for number in rows["number"].to_pylist()], pa.bool_()))


@pytest.fixture
def files(tmp_path: Path) -> list[Folder]:
    folder = tmp_path / "table"
    folder.mkdir()
    for part in range(3):
        rows = pa.table({"number": range(10 * part, 10 * part + 10)}).replace_schema_metadata({"spark": "says"})
        pq.write_table(rows, folder / f"part-{part}.parquet", row_group_size=3, compression="zstd")
        (folder / f".part-{part}.parquet.crc").write_bytes(b"crc")
    pq.write_table(pa.table({"word": ["a"]}), folder / "other.parquet")
    return Folder.at(str(folder)).walk(".parquet")


def numbers(files: list[Folder]) -> list[int]:
    return sorted(n for file in files if "part" in file.name for n in pq.read_table(file.uri)["number"].to_pylist())


def test_files_are_changed_whole_and_keep_what_they_say_of_themselves(files: list[Folder], tmp_path: Path) -> None:
    left = rewrite_files(files, Even(), Folder.at(str(tmp_path / "work")))
    assert {file.name: rows for file, rows in left.items()} == dict.fromkeys([f"part-{n}.parquet" for n in range(3)], 5)
    assert numbers(files) == list(range(0, 30, 2))
    changed = pq.ParquetFile(files[1].uri)
    assert changed.schema_arrow.metadata == {b"spark": b"says", b"numbers": b"even"}
    assert changed.metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_checksum_of_the_old_file_does_not_stay_beside_the_new_one(files: list[Folder], tmp_path: Path) -> None:
    rewrite_files(files, Even(), Folder.at(str(tmp_path / "work")))
    assert list((tmp_path / "table").glob(".*.crc")) == []


def test_a_damaged_file_is_named(files: list[Folder], tmp_path: Path) -> None:
    Path(files[1].uri).write_bytes(b"PAR1 and then nothing")
    with pytest.raises(StoreError, match=files[1].name):
        rewrite_files(files, Even(), Folder.at(str(tmp_path / "work")))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_whoever_is_killed_leaves_each_file_as_it_was_or_as_it_is_to_be(
    files: list[Folder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with killed_at(monkeypatch, "replace", "part", number), pytest.raises(Killed):
        rewrite_files(files, Even(), Folder.at(str(tmp_path / "work")))
    assert set(range(0, 30, 2)) <= set(numbers(files)) <= set(range(30))
    rewrite_files(files, Even(), Folder.at(str(tmp_path / "work")))
    assert numbers(files) == list(range(0, 30, 2))
