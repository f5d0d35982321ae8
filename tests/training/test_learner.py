from typing import Any

import pytest
import torch
from transformers import (
    LongformerConfig,
    LongformerForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from mh_batch.training.data.encoded_dataset import BEGIN, END, PAD, pad_rows
from mh_batch.training.learner import longformer_summary, roberta_summary

SHAPE: dict[str, Any] = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 130,
    "type_vocab_size": 1,
    "pad_token_id": PAD,
    "bos_token_id": BEGIN,
    "eos_token_id": END,
    "num_labels": 4,
}


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    rows = [[BEGIN, *torch.randint(4, 100, (length,)).tolist(), END] for length in (1, 12, 30, 90)]
    ids, mask = pad_rows(rows)
    return ids, mask, torch.arange(2, 2 + ids.shape[1]).unsqueeze(0)


def test_longformer_agrees_with_hugging_face(batch: tuple[torch.Tensor, ...]) -> None:
    torch.manual_seed(0)
    config = LongformerConfig(attention_window=[16, 8, 16], **SHAPE)
    model = LongformerForSequenceClassification(config).double()
    model.train(False)
    ids, mask, positions = batch
    with torch.no_grad():
        expected = model(input_ids=ids, attention_mask=mask).logits
        found = model.classifier(longformer_summary(model.longformer, ids, mask, positions))
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=0)


def test_xlm_roberta_agrees_with_hugging_face(batch: tuple[torch.Tensor, ...]) -> None:
    torch.manual_seed(0)
    model = XLMRobertaForSequenceClassification(XLMRobertaConfig(**SHAPE)).double()
    model.train(False)
    ids, mask, positions = batch
    with torch.no_grad():
        expected = model(input_ids=ids, attention_mask=mask).logits
        found = model.classifier(roberta_summary(model.roberta, ids, mask, positions))
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=0)
