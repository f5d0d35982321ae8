from pathlib import Path

import pandas as pd
import pytest

from mh_batch.consent import Subjects
from mh_batch.errors import UsageError
from mh_batch.privacy.erasure.naming import subjects_of


def test_ids_come_from_flags_and_from_a_file_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("author_id,doc_id,note\n007,,asked on Monday\n,doc-1,\n")
    assert subjects_of(["ada"], [], tmp_path / "ids.csv") == Subjects(
        authors=frozenset({"ada", "007"}), docs=frozenset({"doc-1"})
    )


def test_ids_in_parquet_may_be_numbers(tmp_path: Path) -> None:
    pd.DataFrame({"doc_id": [7, 8]}).to_parquet(tmp_path / "ids.parquet")
    assert subjects_of([], [], tmp_path / "ids.parquet").docs == {"7", "8"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("name\nada\n", "neither a column author_id nor doc_id"),
        ("author_id,doc_id\n,\n", "names nobody"),
        ("author_id\nada,ben,secret\n", "cannot be read"),
    ],
)
def test_a_file_that_names_nobody_is_refused_and_not_quoted(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "ids.csv").write_text(content)
    with pytest.raises(UsageError, match=problem) as error:
        subjects_of([], [], tmp_path / "ids.csv")
    assert "secret" not in str(error.value)


def test_an_empty_identifier_is_refused() -> None:
    with pytest.raises(UsageError, match="names nobody"):
        subjects_of([""], [], None)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ids\.csv cannot be read"):
        subjects_of([], [], tmp_path / "ids.csv")
