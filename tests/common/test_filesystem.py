from pathlib import Path

import pytest
from pyarrow import fs
from pyspark.sql import SparkSession

from mh_batch.common.filesystem import Folder, file_system_of


@pytest.mark.parametrize("name", ["2026-03-01T10:00", "run:1", "res:1/x", "/tmp/res:1", "a b"])
def test_a_name_with_a_colon_is_no_uri(name: str) -> None:
    file_system, path = file_system_of(name)
    assert isinstance(file_system, fs.LocalFileSystem)
    assert path == str(Path(name).absolute())


@pytest.mark.spark
@pytest.mark.parametrize("name", ["res[1] {a,b}", "out*?", "back\\slash", "2026-03-01T10:00"])
def test_spark_reads_what_it_wrote_whatever_the_folders_name(spark: SparkSession, tmp_path: Path, name: str) -> None:
    folder = Folder.at(str(tmp_path / name)) / "table"
    spark.range(3).write.parquet(folder.spark_uri)
    assert spark.read.parquet(folder.spark_pattern).count() == 3
