from pathlib import Path

import pytest

from mh_batch.cli import main
from tests.evaluation.labelled_examples import XLMR, write_labelled


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation with everything: two models, two engines, speed, predictions, thresholds."""
    folder = tmp_path_factory.mktemp("evaluation")
    data, validation = write_labelled(folder / "data.parquet"), write_labelled(folder / "validation.parquet")
    arguments = ["--model", XLMR, "longformer-mental-health-mini", "--data", data, "--output", str(folder / "out")]
    speed = ["--draws", "100", "--speed-texts", "10", "--keep-predictions"]
    chosen = ["--threshold-criterion", "recall>=0.9", "--validation", validation]
    assert main(["evaluate", *arguments, *speed, *chosen, "--engine", "exact", "reference"]) == 0
    return folder / "out"
