from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from mh_batch.errors import CorpusError
from mh_batch.sources.file_listing import LocalFiles
from mh_batch.sources.table_logs import check_surroundings


def look(path: Path) -> list[str]:
    check_surroundings(str(path))
    walk = LocalFiles(str(path), set())
    walk.take(path)
    return walk.files


@pytest.fixture
def delta(tmp_path: Path) -> Path:
    """A Delta table of one row, whose files hold two."""
    table = tmp_path / "warehouse" / "texts"
    write_deltalake(
        table, pa.table({"doc_id": ["a", "b"], "text": ["x", "y"], "day": ["1", "2"]}), partition_by=["day"]
    )
    DeltaTable(table).delete("doc_id = 'a'")
    return table


def test_a_delta_table_is_refused_from_wherever_it_is_named(delta: Path) -> None:
    assert DeltaTable(delta).to_pyarrow_table()["doc_id"].to_pylist() == ["b"]
    file = next(delta.glob("day=1/*.parquet"))
    for given, relation in (
        (delta, f"{delta} is a Delta table"),
        (file.parent, f"{file.parent} lies in {delta}, a Delta table"),
        (file, f"{file} lies in {delta}, a Delta table"),
        (delta.parent, f"{delta.parent} holds {delta}, a Delta table"),
    ):
        with pytest.raises(CorpusError) as error:
            look(given)
        assert str(error.value).startswith(relation)
        assert str(error.value).endswith(f"Name it as one: --input delta:{delta}")


@pytest.mark.parametrize(
    ("log", "data", "kind"),
    [
        ("metadata/00001-5f3c.metadata.json", "data/day=1/a.parquet", "an Iceberg"),
        ("metadata/v2.gz.metadata.json", "data/a.parquet", "an Iceberg"),
        (".hoodie/hoodie.properties", "2026/03/01/a.parquet", "a Hudi"),
        ("_delta_log/00000000000000000000.json", "a.parquet", "a Delta"),
    ],
)
def test_tables_of_other_formats_are_refused_too(tmp_path: Path, log: str, data: str, kind: str) -> None:
    for name in (log, data):
        (tmp_path / "table" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "table" / name).write_text("")
    for given in (tmp_path / "table", tmp_path / "table" / data, (tmp_path / "table" / data).parent, tmp_path):
        with pytest.raises(CorpusError, match=f"{kind} table, whose files are not its rows"):
            look(given)


def test_a_folder_of_hives_transactions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "delta_0000001_0000001_0000").mkdir()
    with pytest.raises(CorpusError, match="is a transactional table of Hive"):
        look(tmp_path / "delta_0000001_0000001_0000")


def test_a_folder_called_metadata_is_none_of_icebergs_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "a.parquet").write_text("")
    assert len(look(tmp_path)) == 1


@pytest.mark.parametrize("folder", ["_temporary/0/task_1", "+tmp/topic", ".spark-staging-8f1e/day=1"])
def test_what_a_writer_has_not_finished_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(CorpusError, match="where a writer keeps what it has not finished"):
        look(tmp_path / folder)
