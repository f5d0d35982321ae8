from pathlib import Path
from typing import Any

import pytest
from transformers import (
    BertConfig,
    BertForSequenceClassification,
)

from mh_batch.errors import SettingsError
from mh_batch.inference import Execution, choose_execution
from mh_batch.models import Model
from tests.inference.engines.random_models import SHAPE, saved


@pytest.mark.parametrize(
    ("engine", "precision", "best", "chosen"),
    [
        ("auto", "auto", "bf16", ("exact", "bf16")),
        ("auto", "fp32", "bf16", ("exact", "fp32")),
        ("auto", "int8", "bf16", ("onnx", "int8")),
        ("onnx", "auto", "bf16", ("onnx", "fp32")),
        ("reference", "auto", "fp16", ("reference", "fp16")),
    ],
)
def test_what_is_left_to_auto_is_settled_by_the_machine(
    xlmr_mini: Model, engine: Any, precision: Any, best: Any, chosen: tuple[Any, Any]
) -> None:
    assert choose_execution(xlmr_mini, engine, precision, best) == Execution(*chosen)


@pytest.mark.parametrize(("engine", "precision"), [("exact", "int8"), ("onnx", "bf16"), ("reference", "int8")])
def test_an_engine_that_lacks_the_precision_is_refused(xlmr_mini: Model, engine: Any, precision: Any) -> None:
    with pytest.raises(SettingsError, match=r"int8|fp32"):
        choose_execution(xlmr_mini, engine, precision)


@pytest.mark.parametrize("engine", ["exact", "onnx"])
def test_an_engine_that_does_not_know_the_architecture_is_refused(
    xlmr_mini: Model, tmp_path: Path, engine: Any
) -> None:
    model = saved(BertForSequenceClassification(BertConfig(**SHAPE)), xlmr_mini, tmp_path / "random")
    with pytest.raises(SettingsError, match="does not know the architecture"):
        choose_execution(model, engine)
