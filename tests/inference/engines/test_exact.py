"""Exact engines against Hugging Face's forward pass on random weights of several shapes."""

import json
import tempfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LongformerConfig,
    LongformerForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from mh_batch.errors import ModelError
from mh_batch.inference import Execution, Precision, choose_execution, load_scorer
from mh_batch.inference.engines import exact
from mh_batch.inference.scorer_loading import load_engine
from mh_batch.models import Model, locate_model
from tests.inference.engines.random_models import BAND, SHAPE, WINDOWS, expected, saved, sequences


@pytest.mark.parametrize(
    ("network", "engine"),
    [
        (XLMRobertaForSequenceClassification(XLMRobertaConfig(**{**SHAPE, "num_labels": 3})), "exact"),
        (RobertaForSequenceClassification(RobertaConfig(**SHAPE, type_vocab_size=1, pad_token_id=1)), "exact"),
        (RobertaForSequenceClassification(RobertaConfig(**{**SHAPE, "num_hidden_layers": 1})), "exact"),
        (RobertaForSequenceClassification(RobertaConfig(**SHAPE, hidden_act="relu")), "reference"),
        (BertForSequenceClassification(BertConfig(**SHAPE)), "reference"),
        (LongformerForSequenceClassification(LongformerConfig(**BAND, attention_window=8)), "exact"),
        (LongformerForSequenceClassification(LongformerConfig(**BAND, attention_window=[4, 32, 8])), "exact"),
    ],
    ids=["xlm-r", "roberta", "one layer", "another activation", "another architecture", "longformer", "own windows"],
)
def test_every_architecture_gets_an_engine_that_says_what_hugging_face_says(
    xlmr_mini: Model, tmp_path: Path, network: Any, engine: Literal["exact", "reference"]
) -> None:
    model = saved(network, xlmr_mini, tmp_path / "random")
    assert choose_execution(model) == Execution(engine, "fp32")
    logits = load_engine(model, choose_execution(model), "cpu").logits(sequences(WINDOWS))
    assert logits.dtype == np.float64
    assert np.abs(logits - expected(network)).max() <= 1e-4 * np.abs(expected(network)).max()


def test_weights_that_lack_a_layer_are_an_error_of_the_model(xlmr_mini: Model, tmp_path: Path) -> None:
    model = saved(XLMRobertaForSequenceClassification(XLMRobertaConfig(**SHAPE)), xlmr_mini, tmp_path / "random")
    path = model.folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "num_hidden_layers": 4}))
    with pytest.raises(ModelError, match=r"lack .*layer\.3.*no sequence classifier"):
        load_engine(model, choose_execution(model), "cpu")


def test_processes_of_one_machine_map_the_same_weights(
    xlmr_mini: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(exact, "_WORTH_SHARING", 1)
    execution = choose_execution(xlmr_mini)
    alone = load_engine(xlmr_mini, execution, "cpu").logits(sequences(WINDOWS))
    shared = [load_engine(xlmr_mini, execution, "cpu", shared=True) for _ in range(2)]
    assert max(np.abs(engine.logits(sequences(WINDOWS)) - alone).max() for engine in shared) <= 1e-5
    (file,) = tmp_path.glob("mh-batch-*/weights-*/model.safetensors")
    assert Path("/proc/self/maps").read_text().count(str(file)) >= 2


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_rounds_but_says_the_same_beyond_the_band_as_well(
    longformer_mini: Model, xlmr_mini: Model, precision: Precision
) -> None:
    for model, longest in ((longformer_mini, 2500), (xlmr_mini, 500)):
        rng = np.random.default_rng(longest)
        windows = [[0, *rng.integers(4, 5000, length).tolist(), 2] for length in (3, 40, 41, longest)]
        exact_logits = load_engine(model, Execution("exact", "fp32"), "cpu").logits(sequences(windows))
        rounded = load_engine(model, Execution("exact", precision), "cpu").logits(sequences(windows))
        assert 0 < np.abs(rounded - exact_logits).max() <= 0.03 * np.abs(exact_logits).max()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-4), ("bf16", 0.03)])
def test_a_gpu_says_what_the_cpu_says(
    longformer_mini: Model, xlmr_mini: Model, precision: Precision, tolerance: float
) -> None:
    for model, longest in ((longformer_mini, 2500), (xlmr_mini, 500)):
        rng = np.random.default_rng(longest)
        windows = [[0, *rng.integers(4, 5000, length).tolist(), 2] for length in (1, 10, 60, 10, 480, longest)]
        wanted = load_engine(model, Execution("exact", "fp32"), "cpu").logits(sequences(windows))
        engine = load_engine(model, Execution("exact", precision), "cuda:0")
        under_way = [engine.submit(sequences(windows)) for _ in range(engine.in_flight)]
        for computation in under_way:
            assert np.abs(computation.result() - wanted).max() <= tolerance * np.abs(wanted).max()


def test_weights_under_their_old_names_are_the_same_weights(xlmr_mini: Model, tmp_path: Path) -> None:
    network = XLMRobertaForSequenceClassification(XLMRobertaConfig(**SHAPE))
    model = saved(network, xlmr_mini, tmp_path / "random")
    wanted = expected(network)
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in load_file(model.folder / "model.safetensors").items()
    }
    save_file(old, model.folder / "model.safetensors", metadata={"format": "pt"})
    renamed = locate_model(str(model.folder))
    assert choose_execution(renamed) == Execution("exact", "fp32")
    logits = load_engine(renamed, choose_execution(renamed), "cpu").logits(sequences(WINDOWS))
    assert np.abs(logits - wanted).max() <= 1e-4 * np.abs(wanted).max()


def test_a_model_without_a_padding_token_is_refused_where_its_positions_need_one(
    xlmr_mini: Model, tmp_path: Path
) -> None:
    model = saved(XLMRobertaForSequenceClassification(XLMRobertaConfig(**SHAPE)), xlmr_mini, tmp_path / "random")
    path = model.folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "pad_token_id": None}))
    with pytest.raises(ModelError, match=r"architecture xlm-roberta cannot read a text"):
        load_scorer(locate_model(str(model.folder)))
