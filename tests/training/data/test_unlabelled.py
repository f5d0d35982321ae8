from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from mh_batch.errors import CorpusError
from mh_batch.training.data.augmentation import sentences
from mh_batch.training.data.unlabelled import unlabelled_texts

CHAPTER = "It rained all day on the quiet town. " * 100
SHORT = [f"Today I walked {number} times around the lake." for number in range(50)]


def file(tmp_path: Path, **columns: Sequence[str | None]) -> list[Path]:
    pd.DataFrame(columns).to_parquet(tmp_path / "texts.parquet")
    return [tmp_path / "texts.parquet"]


def test_each_language_gives_so_many_texts(tmp_path: Path) -> None:
    files = file(tmp_path, text=[*SHORT, *(text.upper() for text in SHORT)], language=["en"] * 50 + ["de"] * 50)
    drawn = unlabelled_texts(files, 7, seed=1)
    assert sum(text in SHORT for text in drawn) == 7
    assert len(drawn) == len(set(drawn)) == 14
    assert drawn == unlabelled_texts(files, 7, seed=1)
    assert drawn != unlabelled_texts(files, 7, seed=2)


def test_long_texts_come_in_pieces_of_whole_sentences(tmp_path: Path) -> None:
    (piece,) = unlabelled_texts(file(tmp_path, text=[CHAPTER[: 37 * 12], None, "Hm."]), 5, seed=1)
    assert set(sentences(piece)) == {"It rained all day on the quiet town."}
    assert 200 < len(piece) <= 240


def test_sentences_end_at_their_marks() -> None:
    assert sentences("I slept.\nDid I? Yes!") == ["I slept.", "Did I?", "Yes!"]


def test_each_file_of_a_folder_is_read_once_and_deleted_rows_are_not(tmp_path: Path) -> None:
    (folder,) = [path.parent for path in file(tmp_path, text=SHORT)]
    (folder / "again.parquet").symlink_to("texts.parquet")
    (folder / "loop").symlink_to(".")
    pd.DataFrame({"text": ["This has not been finished by its writer."]}).to_parquet(folder / "_draft.parquet")
    assert sorted(unlabelled_texts([folder], 100, seed=1)) == sorted(SHORT)
    (folder / "_delta_log").mkdir()
    with pytest.raises(CorpusError, match="a Delta table"):
        unlabelled_texts([folder], 100, seed=1)


def test_a_file_without_texts_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"texts\.parquet: it has no column 'text'"):
        unlabelled_texts(file(tmp_path, body=SHORT), 1, seed=1)
    with pytest.raises(CorpusError, match=r"texts\.parquet: column 'text' is list"):
        unlabelled_texts(file(tmp_path, text=[["a"]]), 1, seed=1)  # type: ignore[list-item]  # what is none
