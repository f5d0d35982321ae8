"""Engines against Hugging Face's forward pass on random weights of several shapes."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from mh_batch.errors import ModelError
from mh_batch.inference.loading import engine_name, load_engine
from mh_batch.models import Model, locate_model

SHAPE: dict[str, Any] = {
    "vocab_size": 10_000,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 40,
    "max_position_embeddings": 66,
}
WINDOWS = [[0, 5, 6, 7, 2], [0, *range(100, 160), 2], [0, 9, 2], [0, *range(20, 40), 2]]


def saved(network: Any, tokenizer_of: Model, folder: Path) -> Model:
    """Save a network of random weights, large enough to matter, with a shipped tokenizer, and find it again."""
    torch.manual_seed(3)
    for value in network.parameters():
        torch.nn.init.normal_(value, std=0.3)
    network.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer_of.tokenizer_folder / name, folder / name)
    return locate_model(str(folder))


def expected(network: Any) -> np.ndarray:
    with torch.no_grad():
        return np.concatenate([network.eval()(torch.tensor([window])).logits.numpy() for window in WINDOWS])


@pytest.mark.parametrize(
    ("network", "engine"),
    [
        (XLMRobertaForSequenceClassification(XLMRobertaConfig(**SHAPE, num_labels=3)), "exact"),
        (RobertaForSequenceClassification(RobertaConfig(**SHAPE, type_vocab_size=1, pad_token_id=1)), "exact"),
        (RobertaForSequenceClassification(RobertaConfig(**{**SHAPE, "num_hidden_layers": 1})), "exact"),
        (RobertaForSequenceClassification(RobertaConfig(**SHAPE, hidden_act="relu")), "reference"),
        (BertForSequenceClassification(BertConfig(**SHAPE)), "reference"),
    ],
    ids=["xlm-r", "roberta", "one layer", "another activation", "another architecture"],
)
def test_every_architecture_gets_an_engine_that_says_what_hugging_face_says(
    xlmr_mini: Model, tmp_path: Path, network: Any, engine: str
) -> None:
    model = saved(network, xlmr_mini, tmp_path / "random")
    assert engine_name(model) == engine
    logits = load_engine(model, 1, "cpu").logits(WINDOWS)
    assert logits.dtype == np.float32
    assert np.abs(logits - expected(network)).max() <= 1e-4 * np.abs(expected(network)).max()


def test_weights_that_lack_a_layer_are_an_error_of_the_model(xlmr_mini: Model, tmp_path: Path) -> None:
    model = saved(XLMRobertaForSequenceClassification(XLMRobertaConfig(**SHAPE)), xlmr_mini, tmp_path / "random")
    path = model.folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "num_hidden_layers": 4}))
    with pytest.raises(ModelError, match=r"lack .*layer\.3.*no sequence classifier"):
        load_engine(model, 1, "cpu")
