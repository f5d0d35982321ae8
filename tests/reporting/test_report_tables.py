import csv as standard_csv
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from mh_batch.common.filesystem import Folder
from mh_batch.reporting.report_tables import write_table
from tests.reporting.page.synthetic_report import prevalence

FORMULAS = ["=cmd|' /C calc'!A0", "@SUM(1+1)", "+1", "-1", "\t=1", "\r=1", "\n=1", "\uff1d1+1"]
HARMLESS = ["North", "a=b", "", "'=1", None, "1-2"]


def test_the_table_is_written_as_parquet_and_as_csv(tmp_path: Path) -> None:
    table = prevalence()

    write_table(table, Folder.at(str(tmp_path)), "prevalence")

    assert parquet.read_table(tmp_path / "prevalence.parquet").equals(table)
    read = csv.read_csv(tmp_path / "prevalence.csv")
    assert read.column_names == table.column_names
    assert read["positives"].to_pylist() == table["positives"].to_pylist()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_no_value_of_a_csv_is_a_formula(tmp_path: Path, kind: pa.DataType) -> None:
    values = [*FORMULAS, *HARMLESS]
    numbers = [-1.5 - n for n in range(len(values))]
    table = pa.table({"region": pa.array(values, kind), "=change": numbers})

    write_table(table, Folder.at(str(tmp_path)), "table")

    assert parquet.read_table(tmp_path / "table.parquet")["region"].to_pylist() == values
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = list(standard_csv.reader(file))
    assert header == ["region", "'=change"]
    assert [row[0] for row in rows] == [*(f"'{value}" for value in FORMULAS), *(value or "" for value in HARMLESS)]
    assert [float(row[1]) for row in rows] == numbers
