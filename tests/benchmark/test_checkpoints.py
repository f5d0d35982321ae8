from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mh_batch.benchmark.checkpoints import Kind, random_checkpoint
from mh_batch.inference import Execution, TokenSequences
from mh_batch.inference.scorer_loading import load_engine
from mh_batch.models import Model, locate_model


def loaded(folder: Path) -> tuple[Any, dict[str, Any]]:
    found = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    return found[0].eval(), found[1]


@pytest.mark.parametrize(("kind", "longest"), [("xlm-roberta-base", 64), ("longformer-base", 512)])
def test_transformers_finds_every_weight_of_a_random_checkpoint_and_no_other(
    kind: Kind, longest: int, xlmr_mini: Model, tmp_path: Path
) -> None:
    folder = random_checkpoint(kind, xlmr_mini.tokenizer_folder, tmp_path / "model", is_small=True)
    network, found = loaded(folder)
    assert not any(found[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert AutoTokenizer.from_pretrained(folder).model_max_length == longest
    model = locate_model(str(folder))
    assert model.card.max_tokens == longest
    assert (model.card.task, len(model.outputs)) == (
        ("multi_label", 4) if kind == "longformer-base" else ("single_label", 2)
    )
    ids = [0, *range(10, 50), 2]
    own = load_engine(model, Execution("exact", "fp32"), "cpu").logits(TokenSequences.of([ids]))
    with torch.inference_mode():
        assert own == pytest.approx(network(torch.tensor([ids])).logits.numpy(), abs=1e-5)
    assert abs(own).max() > 1e-3, "weights that say nothing would compare as equal"


def test_a_checkpoint_of_base_size_has_the_published_shape(xlmr_mini: Model, tmp_path: Path) -> None:
    from mh_batch.benchmark import checkpoints

    config = checkpoints._config("longformer-base", is_small=False)
    assert (config["hidden_size"], config["num_hidden_layers"], config["intermediate_size"]) == (768, 12, 3072)
    assert config["attention_window"] == [512] * 12
    assert config["max_position_embeddings"] == 4098
    assert checkpoints._config("xlm-roberta-base", is_small=False)["max_position_embeddings"] == 514
