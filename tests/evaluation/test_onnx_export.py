"""Exported folders: what they hold, how exact their graphs are, and that they run like any other model."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LongformerConfig,
    LongformerForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from mh_batch.errors import ModelError, SettingsError, UsageError
from mh_batch.evaluation.onnx_export import Parity, export_model
from mh_batch.inference import Execution, TokenSequences, choose_execution, load_scorer
from mh_batch.inference.scorer_loading import load_engine
from mh_batch.models import Model, locate_model

SHAPE: dict[str, Any] = {
    "vocab_size": 10_000,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 40,
    "max_position_embeddings": 600,
    "pad_token_id": 1,
    "type_vocab_size": 1,
}
NETWORKS: dict[str, Callable[[], Any]] = {
    "xlm-r": lambda: XLMRobertaForSequenceClassification(XLMRobertaConfig(**SHAPE)),
    "longformer": lambda: LongformerForSequenceClassification(LongformerConfig(**SHAPE, attention_window=[16, 32])),
}
PADDING = 1
LENGTHS = (1, 9, 10, 63, 128, 129, 512, 513, 598)


@pytest.fixture(scope="module", params=NETWORKS)
def original(request: pytest.FixtureRequest, xlmr_mini: Model, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A network of random weights, large enough to matter, with a shipped tokenizer."""
    folder = tmp_path_factory.mktemp("original") / "random"
    torch.manual_seed(3)
    network = NETWORKS[request.param]()
    for value in network.parameters():
        torch.nn.init.normal_(value, std=0.3)
    return saved(network, xlmr_mini, folder)


def saved(network: Any, tokenizer_of: Model, folder: Path) -> Model:
    network.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer_of.tokenizer_folder / name, folder / name)
    return locate_model(str(folder))


@pytest.fixture(scope="module")
def exported(original: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("cache")))
        return export_model(original, tmp_path_factory.mktemp("exported") / "onnx", ("fp32", "int8"), print).folder


def windows() -> list[list[int]]:
    draw = np.random.default_rng(1)
    return [draw.integers(4, SHAPE["vocab_size"], length).tolist() for length in LENGTHS]


@pytest.fixture(scope="module")
def wanted(original: Model) -> np.ndarray:
    """Hugging Face's own logits, window by window."""
    return np.concatenate(
        [
            load_engine(original, Execution("reference", "fp32"), "cpu").logits(TokenSequences.of([window]))
            for window in windows()
        ]
    )


@pytest.mark.parametrize(("graph", "tolerance"), [("model.onnx", 1e-4), ("model_quantized.onnx", 0.25)])
def test_a_graph_agrees_at_any_length_alone_and_padded(
    exported: Path, wanted: np.ndarray, graph: str, tolerance: float
) -> None:
    session = onnxruntime.InferenceSession(str(exported / graph), providers=["CPUExecutionProvider"])

    def run(rows: list[list[int]]) -> np.ndarray:
        longest = max(map(len, rows))
        ids = np.array([row + [PADDING] * (longest - len(row)) for row in rows])
        mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        return np.asarray(session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0])

    bound = tolerance * np.abs(wanted).max()
    assert np.abs(np.concatenate([run([row]) for row in windows()]) - wanted).max() <= bound
    assert np.abs(run(windows()) - wanted).max() <= bound


def test_an_exported_folder_is_scored_like_its_original(exported: Path, original: Model) -> None:
    texts = ["I slept well and met a friend.", "Nothing matters any more, and I am so tired. " * 30]
    folder = locate_model(str(exported))
    assert choose_execution(folder) == Execution("onnx", "fp32")
    for found, expected in zip(load_scorer(folder).score(texts), load_scorer(original).score(texts), strict=True):
        assert (found.n_tokens, found.n_windows) == (expected.n_tokens, expected.n_windows)
        assert found.probabilities == pytest.approx(expected.probabilities, abs=1e-5)
    assert folder.fingerprint("fp32") != original.fingerprint("fp32")


def test_a_folder_of_graphs_runs_under_nothing_else(exported: Path) -> None:
    folder = locate_model(str(exported))
    assert choose_execution(folder, precision="int8") == Execution("onnx", "int8")
    with pytest.raises(SettingsError, match="ONNX graphs alone"):
        choose_execution(folder, "exact")
    with pytest.raises(SettingsError, match="fp32 or int8"):
        choose_execution(folder, precision="bf16")


def test_what_was_compared_is_written_down(exported: Path, original: Model) -> None:
    said = json.loads((exported / "export.json").read_text())
    assert said["files_digest"] == original.files_digest
    assert said["parity"]["fp32"]["lengths"] == [1, 63, 512, 513, 598]
    assert said["parity"]["fp32"]["largest_difference"] < 1e-4 < said["parity"]["int8"]["largest_difference"]
    assert not list(exported.glob("*.safetensors"))


def test_a_graph_that_does_not_agree_is_not_kept(
    original: Model, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_checkpoints_graph(*_: object) -> Path:
        return exported / "model_quantized.onnx"

    monkeypatch.setattr("mh_batch.inference.engines.onnx_graph.graph_of", another_checkpoints_graph)
    monkeypatch.setattr("mh_batch.evaluation.onnx_export.GRAPHS", {"fp32": "model_quantized.onnx"})
    with pytest.raises(ModelError, match="does not agree"):
        export_model(original, tmp_path / "onnx", ("fp32",), print)
    assert list(tmp_path.iterdir()) == []


def test_eight_bits_may_differ_by_a_quarter_of_the_largest_logit() -> None:
    assert Parity((1,), 0.7, 3.0, 1.0).acceptable("int8")
    assert not Parity((1,), 0.8, 3.0, 1.0).acceptable("int8")
    assert not Parity((1,), 2e-4, 3.0, 1.0).acceptable("fp32")


def test_an_existing_folder_is_left_alone(original: Model, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        export_model(original, tmp_path, ("fp32",), print)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_architecture_that_cannot_be_exported_is_named(xlmr_mini: Model, tmp_path: Path) -> None:
    shape = {**SHAPE, "max_position_embeddings": 66}
    model = saved(BertForSequenceClassification(BertConfig(**shape)), xlmr_mini, tmp_path / "bert")
    with pytest.raises(ModelError, match="bert"):
        export_model(model, tmp_path / "onnx", ("fp32",), print)
