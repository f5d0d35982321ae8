"""New small models: their shape, their vocabulary, and the weights that they start with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from mh_batch.errors import SettingsError
from mh_batch.training.classifiers import (
    InitialModel,
    label_settings,
)
from mh_batch.training.data.encoded_dataset import BEGIN, END, PAD
from mh_batch.training.data.prepared_splits import PreparedData
from mh_batch.training.distillation.teacher import Teacher
from mh_batch.training.distillation.vocabulary import (
    byte_pairs,
    fast_tokenizer,
    projected_embeddings,
    surfaces,
    unigram,
)
from mh_batch.training.training_recipe import Student, TrainingRecipe
from mh_batch.training.untyped import HuggingFaceModel, ModelPart


def new_student(
    recipe: TrainingRecipe, shape: Student, data: PreparedData, texts: Sequence[str], teacher: Teacher | None
) -> InitialModel:
    """Make a small model: its vocabulary counted on texts, its word embeddings the teacher's if there is one.

    Args:
        recipe: Says how long its longest input is.
        shape: Its architecture and sizes.
        data: Whose labels it gets.
        texts: To count the vocabulary on.
        teacher: Whose word embeddings it starts with, if any.

    Raises:
        SettingsError: it is wider than its teacher.
    """
    from transformers import (
        LongformerConfig,
        LongformerForSequenceClassification,
        XLMRobertaConfig,
        XLMRobertaForSequenceClassification,
    )

    longformer = shape.architecture == "longformer"
    tokenizer = (byte_pairs if longformer else unigram)(texts, shape.pieces)
    sizes: dict[str, Any] = {
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner,
        **_shared_settings(tokenizer, recipe.tokens),
        **label_settings(data),
    }
    if longformer:
        config = LongformerConfig(attention_window=[shape.window] * shape.layers, **sizes)
        classifier: HuggingFaceModel = LongformerForSequenceClassification(config)
    else:
        classifier = XLMRobertaForSequenceClassification(XLMRobertaConfig(**sizes))
    table = _inherited_embeddings(tokenizer, teacher, shape.width, shape.embedding_scale)
    _start_embeddings(classifier.base_model.embeddings, table)
    _start_as_bag_of_words(classifier.base_model.encoder.layer)
    return InitialModel(classifier, fast_tokenizer(tokenizer, recipe.tokens))


def _shared_settings(tokenizer: Tokenizer, tokens: int) -> dict[str, Any]:
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
    }


def _start_embeddings(layer: ModelPart, table: Tensor | None) -> None:
    """Fill the word embeddings from `table`; positions start at zero, so that untrained ones say nothing."""
    with torch.no_grad():
        if table is not None:
            layer.word_embeddings.weight.copy_(table)
        layer.position_embeddings.weight.zero_()
        layer.token_type_embeddings.weight.zero_()


def _start_as_bag_of_words(layers: ModelPart) -> None:
    """Let every attention pass on what it attends to: the first token then starts as the mean of all words.

    With the usual small random matrices that path carries a tenth of the signal, and a model of this size
    spends most of a short training on finding it.
    """
    with torch.no_grad():
        for layer in layers:
            for name, part in layer.attention.named_modules():
                if name in ("self.value", "self.value_global", "output.dense"):
                    torch.nn.init.eye_(part.weight)


def _inherited_embeddings(tokenizer: Tokenizer, teacher: Teacher | None, width: int, scale: float) -> Tensor | None:
    """Word embeddings for the student's pieces out of the teacher's, if there is a teacher."""
    if teacher is None:
        return None
    pieces, table = surfaces(tokenizer), teacher.word_embeddings
    if width > table.shape[1]:
        raise SettingsError(
            f"a student of width {width} cannot have the embeddings of a teacher of width {table.shape[1]}: make it "
            "narrower, or set distillation.embeddings to false in the recipe"
        )
    return projected_embeddings(pieces, teacher.tokenizer.backend_tokenizer, table, width, scale)
