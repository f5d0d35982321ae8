import gzip
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mh_batch.benchmark.text_files import read_text_file, write_text_file
from mh_batch.errors import PlatformError, SettingsError

TEXTS = ["A day with rain.", "Soup, and “bread”."]


def test_texts_are_read_from_every_form_that_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [*TEXTS, None]}), tmp_path / "a.parquet")
    lines = "\n".join(TEXTS) + "\n\n"
    (tmp_path / "a.txt").write_text(lines, encoding="utf-8")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(lines.encode()))
    mixed = json.dumps(TEXTS[0]) + "\n\n" + json.dumps({"text": TEXTS[1], "author": 1}) + '\n{"body": "x"}\n7\n'
    (tmp_path / "a.jsonl").write_text(mixed, encoding="utf-8")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(mixed.encode()))
    for name in ("a.parquet", "a.txt", "a.txt.gz", "a.jsonl", "a.jsonl.gz"):
        assert read_text_file(tmp_path / name) == TEXTS, name


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_text_file(["two\nlines", *TEXTS], tmp_path / "t.jsonl")
    assert read_text_file(tmp_path / "t.jsonl") == ["two\nlines", *TEXTS]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b'"a secret'),
        ("a.jsonl", b'{"body": "a secret"}'),
        ("a.txt", b"\n \n"),
        ("a.txt", b"secret \xff"),
        ("a.txt.gz", b"secret"),
        ("a.parquet", b"secret"),
    ],
)
def test_a_file_that_holds_no_texts_is_refused_without_quoting_it(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=r"cannot be read|holds no texts") as refusal:
        read_text_file(tmp_path / name)
    assert "secret" not in str(refusal.value)


def test_parquet_without_pyarrow_is_answered_with_what_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(PlatformError, match=r"as \.txt or \.jsonl"):
        read_text_file(tmp_path / "a.parquet")
