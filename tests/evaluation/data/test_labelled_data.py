from pathlib import Path

import pytest

from tests.evaluation.labelled_examples import FAST, XLMR, labelled_texts, run_evaluate


def test_rows_without_text_or_label_are_left_out_and_counted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    frame = labelled_texts()
    frame.loc[0, "text"], frame.loc[1, "text"], frame["label"] = None, "  ", frame["label"].astype("Int64")
    frame.loc[2, "label"] = None
    frame.rename(columns={"text": "body", "doc_id": "id"}).to_parquet(tmp_path / "part.parquet")
    code, out, _ = run_evaluate(
        capsys,
        "--model",
        XLMR,
        "--data",
        str(tmp_path),
        "--columns",
        "text=body,doc_id=id",
        *FAST,
        "--output",
        str(tmp_path / "out"),
    )
    assert code == 0
    assert "77 rows (3 more without a text or a label" in out
