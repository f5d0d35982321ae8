import json
from pathlib import Path

import pytest

from tests.evaluation.labelled_examples import XLMR

# One process makes the evaluation that they look at.
pytestmark = pytest.mark.xdist_group("evaluation")


def test_what_ran_on_what_is_written_down(whole: Path) -> None:
    about = json.loads((whole / "evaluation.json").read_text())
    assert about["data"]["rows_measured"] == 80
    assert len(about["data"]["sha256"]) == 64
    first = about["contenders"][0]
    assert (first["model"], first["engine"], first["thresholds_from"]) == (XLMR, "exact", "criterion")
    assert len(first["fingerprint"]) == 16
    assert first["speed"]["latency"]["p50"] <= first["speed"]["latency"]["p95"]
    assert about["machine"]["cores"] >= 1
