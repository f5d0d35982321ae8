import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mh_batch.privacy.erasure.identifier_search import search_for
from mh_batch.privacy.erasure.subject_filter import Removal, SubjectFilter

TRACES = SubjectFilter(frozenset({"key-of-ada"}), frozenset({"doc-1"}))
REMOVAL = Removal(TRACES, search_for(["journal-of-ada", "alice", "author"]))
EVIDENCE = pa.list_(pa.struct({"doc_id": pa.string(), "p": pa.float64()}))


def table(**columns: list[object]) -> pa.Table:
    types = {"evidence": EVIDENCE}
    return pa.table({name: pa.array(values, types.get(name, pa.string())) for name, values in columns.items()})


def as_file(rows: pa.Table) -> pq.ParquetFile:
    buffer = io.BytesIO()
    pq.write_table(rows, buffer)
    return pq.ParquetFile(buffer)


ONE, TWO = {"doc_id": "doc-1", "p": 0.5}, {"doc_id": "doc-2", "p": 0.25}
CASES: list[tuple[dict[str, list[object]], dict[str, list[object]]]] = [
    ({"author_key": ["key-of-ada", None, "b"], "doc_id": ["x", "doc-1", "y"]}, {"author_key": ["b"], "doc_id": ["y"]}),
    ({"doc_id": [None, "doc-1"]}, {"doc_id": [None]}),
    ({"author_key": ["key-of-ada"]}, {"author_key": []}),
    ({"author_key": ["b"], "evidence": [[ONE, TWO]]}, {"author_key": ["b"], "evidence": [[TWO]]}),
    ({"author_key": ["key-of-ada", "b"], "evidence": [[TWO], [TWO]]}, {"author_key": ["b"], "evidence": [[TWO]]}),
    ({"detail": ["journal-of-ada.parquet, row 3", None]}, {"detail": ["[erased].parquet, row 3", None]}),
    (
        {"detail": ["run_alice_2.parquet, row 3; withdrawn by author"]},
        {"detail": ["run_[erased]_2.parquet, row 3; withdrawn by author"]},
    ),
    (
        {"detail": ["diary, row alice-smith.parquet, row 3", "a, row 1; alice\n.parquet, row 3; 9 characters"]},
        {"detail": ["diary, row [erased]-smith.parquet, row 3", "a, row 1; [erased]\n.parquet, row 3; 9 characters"]},
    ),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_rows_entries_and_words_of_the_erased_are_taken_out(
    before: dict[str, list[object]], after: dict[str, list[object]]
) -> None:
    assert REMOVAL.concerns(as_file(table(**before)))
    assert REMOVAL.apply(table(**before)).to_pydict() == after
    assert not REMOVAL.concerns(as_file(table(**after)))


def test_tables_of_others_are_left_alone() -> None:
    assert not REMOVAL.concerns(as_file(table(author_key=["b"], doc_id=["doc-10"], evidence=[None], detail=["part-0"])))
    assert not REMOVAL.concerns(as_file(table(content_key=["doc-1"])))
