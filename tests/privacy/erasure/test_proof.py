import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mh_batch.common.filesystem import Folder
from mh_batch.errors import ErasureError
from mh_batch.privacy.erasure import proof
from mh_batch.privacy.erasure.identifier_search import search_for
from mh_batch.privacy.erasure.proof import prove_erased
from mh_batch.privacy.erasure.subject_filter import SubjectFilter
from mh_batch.privacy.erasure.subject_rows import table_files

ADA, DOCUMENT, SHORT, TEXT = "0123456789abcdef0123456789abcdef", "journal-1234", "7", "fedcba9876543210fedcba9876543210"


def prove(root: Path) -> None:
    subject_filter = SubjectFilter(frozenset({ADA}), frozenset({DOCUMENT, SHORT}))
    prove_erased(Folder.at(str(root)), subject_filter, search_for([ADA, DOCUMENT, SHORT, TEXT]))


def parquet(path: Path, **columns: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_a_root_without_them_passes(tmp_path: Path) -> None:
    parquet(tmp_path / "runs" / "r" / "scores" / "model=m" / "part.parquet", doc_id=["journal-12345", "77"], n=[7, 7])
    (tmp_path / "runs" / "r" / "manifest.json").write_text('{"read": 7}')
    (tmp_path / "erased").mkdir()
    (tmp_path / "erased" / "pending.json").write_text(f'{{"authors": ["{ADA}"]}}')
    prove(tmp_path)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("runs/r/scores/model=m/part.parquet", {"author_key": [ADA]}),
        ("runs/r/scores/model=m/part.parquet", {"doc_id": [SHORT]}),
        ("store/model=f/run=r/part.parquet", {"content_key": ["a", TEXT]}),
        ("outbox/issued/part.parquet", {"evidence": [[{"doc_id": SHORT, "p": 0.5}]]}),
        ("outbox/noted/part.parquet", {"note": [["a", None], [f"see {DOCUMENT}.txt"]]}),
        ("outbox/noted/part.parquet", {"note": pa.array(["x", DOCUMENT]).dictionary_encode()}),
        ("outbox/noted/part.parquet", {"note": pa.array([b"x", DOCUMENT.encode()])}),
    ],
)
def test_what_is_left_in_a_table_is_found_and_not_quoted(tmp_path: Path, name: str, columns: dict[str, object]) -> None:
    parquet(tmp_path / name, **columns)
    with pytest.raises(ErasureError, match=r"part\.parquet") as error:
        prove(tmp_path)
    assert not any(word in str(error.value) for word in (ADA, DOCUMENT, TEXT))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("runs/r/manifest.json", f'{{"inputs": ["/in/{DOCUMENT}.parquet"]}}'),
        ("runs/r/report/prevalence.csv", f"region,n\n{ADA},3\n"),
        ("runs/r/scores/_temporary/0/part", f"\0\0{TEXT}\0"),
        (f"failed/{DOCUMENT}.txt", ""),
        (f"failed/notes_{DOCUMENT}_old.txt", ""),
    ],
)
def test_what_is_left_in_any_other_file_is_found(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(content)
    with pytest.raises(ErasureError):
        prove(tmp_path)


@pytest.mark.parametrize("name", ["@alice12.txt", "notes_@alice12_old.txt"])
def test_an_identifier_that_begins_with_an_at_is_as_long_as_it_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "failed").mkdir()
    (tmp_path / "failed" / name).write_text("")
    with pytest.raises(ErasureError):
        prove_erased(Folder.at(str(tmp_path)), SubjectFilter(), search_for(["@alice12"]))


def test_what_settings_say_is_told_and_left_and_whatever_else_names_somebody_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "runs" / "r"
    (run / "report").mkdir(parents=True)
    settings = {"output": f"/studies/{DOCUMENT}/out", "input": ["/in"]}
    (run / "manifest.json").write_text(json.dumps({"settings": settings, "inputs": ["/in"]}))
    (run / "report" / "index.html").write_text(f"output: /studies/{DOCUMENT}/out")
    prove(tmp_path)
    assert "manifest.json (settings)" in "".join(capsys.readouterr())
    (run / "report" / "quality.csv").write_text(f"source\n{DOCUMENT}\n")
    with pytest.raises(ErasureError, match=r"start the same erasure again(?s:.*)quality\.csv$"):
        prove(tmp_path)


def test_what_is_left_across_two_pieces_of_a_large_file_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "_PIECE_BYTES", 1000)
    (tmp_path / "failed").mkdir()
    (tmp_path / "failed" / "notes.txt").write_text(" " * 995 + DOCUMENT + " " * 1000)
    with pytest.raises(ErasureError):
        prove(tmp_path)


def test_files_that_are_not_ours_are_named_and_left_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parquet(tmp_path / "corpus" / "part.parquet", doc_id=[DOCUMENT])
    before = (tmp_path / "corpus" / "part.parquet").read_bytes()
    prove(tmp_path)
    said = capsys.readouterr()
    assert "part.parquet" in said.err + said.out
    assert DOCUMENT not in said.err + said.out
    assert table_files(Folder.at(str(tmp_path))) == []
    assert (tmp_path / "corpus" / "part.parquet").read_bytes() == before
