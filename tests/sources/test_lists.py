"""Lists of persons, as other writers make them: what is read is what DuckDB reads, and what is in doubt is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from mh_batch.consent import ConsentLedger
from mh_batch.errors import MhBatchError
from mh_batch.followup import load_contacts
from mh_batch.privacy.erasure.naming import subjects_of
from mh_batch.pseudonyms import PseudonymKey, author_key

KEY = PseudonymKey((bytes(range(32)),))
REST = {
    "scope": ["self_help"],
    "event": ["withdrawn"],
    "at": ["2026-01-01T00:00:00Z"],
    "channel": ["webhook"],
    "address": ["x"],
}
CSV_REST = "self_help,withdrawn,2026-01-01T00:00:00Z,webhook,x"
CSV_HEADER = ",scope,event,at,channel,address\n"


def in_ledger(path: Path) -> set[str]:
    return set(ConsentLedger.open(str(path)).events["author_id"].dropna())


def to_erase(path: Path) -> set[str]:
    return set(subjects_of([], [], path).authors)


def in_contacts(path: Path) -> set[str]:
    return {author for author, _, _ in load_contacts(str(path), KEY)._contacts}


def keys(ids: set[str]) -> set[str]:
    return {author_key(KEY, id) for id in ids}


Reader = Callable[[Path], set[str]]
READERS = pytest.mark.parametrize("read", [in_ledger, to_erase, in_contacts])


def holds(read: Reader, path: Path, ids: set[str]) -> None:
    assert read(path) == (keys(ids) if read is in_contacts else ids)


def write(path: Path, ids: pa.Array, **others: object) -> Path:
    rest = {name: column * len(ids) for name, column in REST.items()}
    pq.write_table(pa.table({"author_id": ids, **rest, **others}), path)
    return path


@READERS
@pytest.mark.parametrize(
    "ids",
    [
        pa.array([UUID(int=7).bytes, None, UUID(int=2**127).bytes], pa.uuid()).filter([True, False, True]),
        pa.array([7, -3], pa.int8()),
        pa.array([2**64 - 1], pa.uint64()),
        pa.array([Decimal(10**19)], pa.decimal128(38, 0)),
        pa.array(["007"], pa.large_string()),
        pa.array(["007"], pa.string_view()),
        pa.array(["007"]).dictionary_encode(),
    ],
    ids=lambda ids: str(ids.type),
)
def test_ids_of_every_type_are_those_that_duckdb_reads(read: Reader, tmp_path: Path, ids: pa.Array) -> None:
    path = write(tmp_path / "ids.parquet", ids)
    found = duckdb.execute(f"select author_id::varchar from '{path}'").fetchall()
    holds(read, path, {id for (id,) in found})


@READERS
def test_ids_of_other_writers_are_read(read: Reader, tmp_path: Path) -> None:
    select = "uuid '0b1c2d3e-0000-4000-8000-00000000abcd' as author_id, 'self_help' as scope, 'withdrawn' as event, "
    select += "timestamptz '2026-01-01 00:00:00+00' as at, 'webhook' as channel, 'x' as address, null as doc_id"
    duckdb.sql(f"copy (select {select}, interval 1 day as iv) to '{tmp_path}/duck.parquet' (format parquet)")
    holds(read, tmp_path / "duck.parquet", {"0b1c2d3e-0000-4000-8000-00000000abcd"})
    rest = {**REST, "at": [datetime(2026, 1, 1, tzinfo=UTC)], "took": [time(1)]}
    pl.DataFrame({"author_id": pl.Series([200], dtype=pl.UInt8), **rest}).write_parquet(tmp_path / "polars.parquet")
    holds(read, tmp_path / "polars.parquet", {"200"})
    pd.DataFrame({"author_id": ["007"], "doc_id": [float("nan")], **rest}).to_parquet(tmp_path / "pandas.parquet")
    holds(read, tmp_path / "pandas.parquet", {"007"})


@READERS
@pytest.mark.parametrize(
    "ids",
    [
        pa.array([7.0]),
        pa.array([True]),
        pa.array([Decimal("7.00")], pa.decimal128(5, 2)),
        pa.array([b"0123456789abcdef"]),
        pa.array([b"0123456789abcdef"], pa.binary(16)),
        pa.array([["7"]]),
        pa.array([time(1)]),
        pa.array([datetime(2026, 1, 1)]),
    ],
    ids=lambda ids: str(ids.type),
)
def test_what_can_be_written_in_two_ways_is_no_id(read: Reader, tmp_path: Path, ids: pa.Array) -> None:
    with pytest.raises(MhBatchError, match="expected string or integer or UUID") as error:
        read(write(tmp_path / "ids.parquet", ids))
    assert "7" not in str(error.value).replace(str(tmp_path), "")


@READERS
def test_a_column_without_a_value_may_be_of_any_type(read: Reader, tmp_path: Path) -> None:
    for name, nothing in (("null", pa.nulls(1)), ("float", pa.nulls(1, pa.float64()))):
        holds(read, write(tmp_path / f"{name}.parquet", pa.array(["ada"]), doc_id=nothing), {"ada"})


@READERS
def test_two_columns_of_one_name_and_names_nearly_the_same_are_refused(read: Reader, tmp_path: Path) -> None:
    path = write(tmp_path / "ids.parquet", pa.array(["ada"]))
    pq.write_table(pq.read_table(path).append_column("author_id", pa.array(["bob"])), tmp_path / "twice.parquet")
    with pytest.raises(MhBatchError, match="more than one column 'author_id'"):
        read(tmp_path / "twice.parquet")
    with pytest.raises(MhBatchError, match="its column 'Author_ID' would not be read as 'author_id'"):
        read(write(tmp_path / "case.parquet", pa.array(["ada"]), Author_ID=["bob"]))
    for header, said in (
        ("author_id,author_id", "more than one column 'author_id'"),
        ("author_id,Author_ID", "its column 'Author_ID' would not be read"),
        ("author_id, doc_id" if read is not in_contacts else "author_id, language", "would not be read as"),
    ):
        (tmp_path / "ids.csv").write_text(f"{header}{CSV_HEADER}ada,bob,{CSV_REST}\n")
        with pytest.raises(MhBatchError, match=said):
            read(tmp_path / "ids.csv")


@READERS
@pytest.mark.parametrize(
    ("content", "ids"),
    [
        (b"\xef\xbb\xbf" + f"author_id{CSV_HEADER}007,{CSV_REST}\n".encode(), {"007"}),
        (f"author_id{CSV_HEADER}007,{CSV_REST}\n".replace("\n", "\r\n").encode(), {"007"}),
        (f"author_id{CSV_HEADER}\n007,{CSV_REST}\n\n\n8,{CSV_REST}\n\n".encode(), {"007", "8"}),
        (f"author_id{CSV_HEADER}NA,{CSV_REST}\nnull,{CSV_REST}\n".encode(), {"NA", "null"}),
        (f'note,author_id{CSV_HEADER}"it\nis",007,{CSV_REST}\n'.encode(), {"007"}),
        (f"note,author_id{CSV_HEADER}".encode() + b"Zo\xe9,007," + f"{CSV_REST}\n".encode(), {"007"}),
    ],
    ids=["BOM", "CRLF", "empty lines", "words", "line break in a note", "note in Latin-1"],
)
def test_ids_in_csv_stay_as_they_are_written(read: Reader, tmp_path: Path, content: bytes, ids: set[str]) -> None:
    (tmp_path / "ids.csv").write_bytes(content)
    holds(read, tmp_path / "ids.csv", ids)


@READERS
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"author_id{CSV_HEADER}ada,{CSV_REST}\n".replace(",", ";"), "apart by commas"),
        (f"author_id{CSV_HEADER} ada ,{CSV_REST}\n", "in row 1 'author_id' begins or ends with white space"),
        (f"author_id{CSV_HEADER}bob,{CSV_REST}\nada\u00a0,{CSV_REST}\n", "in row 2 'author_id' begins or ends"),
        (f'author_id{CSV_HEADER}"ada\nbob",{CSV_REST}\n', "or holds a line break"),
        ("", "it has no header"),
    ],
)
def test_csv_that_is_not_what_it_looks_like_is_refused(read: Reader, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "ids.csv").write_text(content)
    with pytest.raises(MhBatchError, match=said) as error:
        read(tmp_path / "ids.csv")
    assert not {"ada", "bob"} & {*str(error.value).replace(str(tmp_path), "").split()}


def test_a_quotation_mark_that_is_left_open_swallows_nobody(tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text('author_id\n"ada\nbob\n')
    with pytest.raises(MhBatchError, match="where a quotation mark is left open"):
        to_erase(tmp_path / "ids.csv")


def test_a_note_longer_than_a_block_hides_no_row_and_makes_none(tmp_path: Path) -> None:
    row = f"n,p{{}},{CSV_REST}\n"
    note = "x\n" + "".join(row.format(f"no{number}") for number in range(9_000))
    rows = "".join(row.format(number) for number in range(19_000))
    (tmp_path / "ids.csv").write_text(f'note,author_id{CSV_HEADER}{rows}"{note}",ada,{CSV_REST}\n')
    assert len(note) < 2**20 < len(rows)
    assert in_ledger(tmp_path / "ids.csv") == {"ada", *(f"p{number}" for number in range(19_000))}


@READERS
def test_a_file_of_a_delta_table_is_refused(read: Reader, tmp_path: Path) -> None:
    table = pq.read_table(write(tmp_path / "ids.parquet", pa.array(["ada", "bob"])))
    write_deltalake(tmp_path / "delta", table)
    DeltaTable(tmp_path / "delta").delete("author_id = 'ada'")
    for given in (tmp_path / "delta", *(tmp_path / "delta").glob("*.parquet")):
        with pytest.raises(MhBatchError, match="a Delta table, whose files are not its rows"):
            read(given)


@READERS
def test_a_type_that_arrow_lacks_is_named(read: Reader, tmp_path: Path) -> None:
    frame = pl.from_arrow(pq.read_table(write(tmp_path / "ids.parquet", pa.array(["ada"]))))
    assert isinstance(frame, pl.DataFrame)
    frame.with_columns(wide=pl.lit(1, dtype=pl.Int128)).write_parquet(tmp_path / "wide.parquet")
    with pytest.raises(MhBatchError, match="a column of a type that Arrow cannot read"):
        read(tmp_path / "wide.parquet")


def test_parquet_of_any_ending_is_told_by_its_content(tmp_path: Path) -> None:
    for name in ("ids.PARQUET", "ids.pq", "ids"):
        assert to_erase(write(tmp_path / name, pa.array(["ada"]))) == {"ada"}
