import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from transformers import (
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from mh_batch.errors import PlatformError
from mh_batch.inference import Execution, choose_execution
from mh_batch.inference.scorer_loading import load_engine
from mh_batch.models import Model
from tests.inference.engines.random_models import SHAPE, WINDOWS, expected, saved, sequences


def test_a_graph_is_made_once_for_each_machine(
    xlmr_mini: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    network = XLMRobertaForSequenceClassification(XLMRobertaConfig(**SHAPE))
    model = saved(network, xlmr_mini, tmp_path / "random")
    wanted = expected(network)
    for _ in range(2):  # exported, then found again
        logits = load_engine(model, choose_execution(model, "onnx"), "cpu").logits(sequences(WINDOWS))
        assert np.abs(logits - wanted).max() <= 1e-4 * np.abs(wanted).max()
    assert len(list(tmp_path.glob("mh-batch-*/onnx-*"))) == 1


def test_a_cache_that_others_may_write_to_is_refused(
    xlmr_mini: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"mh-batch-{os.getuid()}").mkdir(mode=0o777)
    (tmp_path / f"mh-batch-{os.getuid()}").chmod(0o777)
    with pytest.raises(PlatformError, match="belong to this user alone"):
        load_engine(xlmr_mini, Execution("onnx", "fp32"), "cpu")
