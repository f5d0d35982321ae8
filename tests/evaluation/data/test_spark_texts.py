from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from tests.evaluation.labelled_examples import FAST, XLMR, labelled_texts, run_evaluate


@pytest.mark.spark
def test_figures_from_spark_are_those_of_one_process(
    spark: SparkSession, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    frame = labelled_texts(30).drop(columns="language")
    frame.loc[4, "text"] = None
    (tmp_path / "data").mkdir()
    frame.iloc[:20].to_parquet(tmp_path / "data" / "a.parquet")
    frame.iloc[20:].to_parquet(tmp_path / "data" / "b.parquet")
    found = []
    for name, flags in (("here", []), ("spark", ["--spark"])):
        arguments = ["--model", XLMR, "--data", str(tmp_path / "data"), "--output", str(tmp_path / name), *FAST]
        assert run_evaluate(capsys, *arguments, "--keep-predictions", *flags)[0] == 0
        found.append([pd.read_parquet(tmp_path / name / f"{table}.parquet") for table in ("metrics", "predictions")])
    for here, there in zip(*found, strict=True):
        pd.testing.assert_frame_equal(here, there, check_exact=False, atol=1e-6)
