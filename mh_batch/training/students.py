"""What the two small models have in common when they are new."""

from collections.abc import Sequence
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from mh_batch.errors import SettingsError
from mh_batch.training.batching import BEGIN, END, PAD
from mh_batch.training.teacher import Teacher
from mh_batch.training.untyped import ModelPart
from mh_batch.training.vocabulary import embeddings, surfaces


def configuration(labels: Sequence[str], tokenizer: Tokenizer, tokens: int) -> dict[str, Any]:
    """Settings of a Hugging Face configuration that both architectures share; `tokens` is the longest input.

    Dropout is off: at this size the masked tokens of the training rows regularise enough.
    """
    return {
        "vocab_size": tokenizer.get_vocab_size(),
        "max_position_embeddings": tokens + 2,
        "type_vocab_size": 1,
        "bos_token_id": BEGIN,
        "pad_token_id": PAD,
        "eos_token_id": END,
        "sep_token_id": END,
        "layer_norm_eps": 1e-5,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "id2label": dict(enumerate(labels)),
        "label2id": {label: k for k, label in enumerate(labels)},
    }


def start_embeddings(layer: ModelPart, table: Tensor | None) -> None:
    """Fill the word embeddings from `table`; positions start at zero, so that untrained ones say nothing."""
    with torch.no_grad():
        if table is not None:
            layer.word_embeddings.weight.copy_(table)
        layer.position_embeddings.weight.zero_()
        layer.token_type_embeddings.weight.zero_()


def start_as_bag_of_words(layers: ModelPart) -> None:
    """Let every attention pass on what it attends to: the first token then starts as the mean of all words.

    With the usual small random matrices that path carries a tenth of the signal, and a model of this size
    spends most of a short training on finding it.
    """
    with torch.no_grad():
        for layer in layers:
            for name, part in layer.attention.named_modules():
                if name in ("self.value", "self.value_global", "output.dense"):
                    torch.nn.init.eye_(part.weight)


def inherited_embeddings(tokenizer: Tokenizer, teacher: Teacher | None, width: int, scale: float) -> Tensor | None:
    """Word embeddings for the student's pieces out of the teacher's, if there is a teacher.

    Raises:
        SettingsError: the student is wider than its teacher.
    """
    if teacher is None:
        return None
    pieces, table = surfaces(tokenizer), teacher.word_embeddings
    if width > table.shape[1]:
        raise SettingsError(
            f"a student of width {width} cannot have the embeddings of a teacher of width {table.shape[1]}: make it "
            "narrower, or set distillation.embeddings to false in the recipe"
        )
    return embeddings(pieces, teacher.tokenizer.backend_tokenizer, table, width, scale)
