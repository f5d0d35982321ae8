"""Small vocabularies, and embeddings for their pieces out of a larger pretrained vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor

from mh_batch.training.untyped import HuggingFaceTokenizer

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
MASK = "<mask>"
WORD_START = "▁"


def unigram(texts: Iterable[str], size: int) -> Tokenizer:
    """A lower-casing SentencePiece-like unigram vocabulary with the special tokens of XLM-R."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace(" {2,}", " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=WORD_START, prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement=WORD_START, prepend_scheme="always")
    trainer = trainers.UnigramTrainer(
        vocab_size=size - 1, special_tokens=list(SPECIALS), unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _finished(tokenizer)


def byte_pairs(texts: Iterable[str], size: int) -> Tokenizer:
    """A lower-casing byte-level BPE vocabulary with the special tokens of RoBERTa."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - 1,
        min_frequency=2,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _finished(tokenizer)


def _finished(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.add_special_tokens([*SPECIALS, MASK])
    ends = [(piece, number_of(tokenizer, piece)) for piece in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ends
    )
    return tokenizer


def number_of(tokenizer: Tokenizer, piece: str) -> int:
    """The number of a piece that the vocabulary must have."""
    number = tokenizer.token_to_id(piece)
    if number is None:
        raise ValueError(f"the vocabulary lacks the piece {piece}")
    return number


def surfaces(tokenizer: Tokenizer) -> list[str]:
    """Each piece, in the order of its number, spelt with `▁` where a word begins."""
    numbers = tokenizer.get_vocab()
    pieces = sorted(numbers, key=lambda piece: numbers[piece])
    if not isinstance(tokenizer.model, models.BPE):
        return pieces
    spelt = decoders.ByteLevel()
    return [piece if piece in (*SPECIALS, MASK) else spelt.decode([piece]).replace(" ", WORD_START) for piece in pieces]


def projected_embeddings(pieces: Sequence[str], teacher: Tokenizer, table: Tensor, width: int, scale: float) -> Tensor:
    """An embedding for each piece: the mean of the teacher's for its parts, reduced to `width` by PCA.

    Args:
        pieces: Of the small vocabulary, spelt with `▁` where a word begins.
        teacher: Its tokenizer.
        table: Its embeddings (pieces by its width).
        width: Of the result (pieces by `width`).
        scale: Standard deviation of the result.
    """
    mean = torch.stack([table[_parts(piece, teacher)].mean(0) for piece in pieces])
    centred = mean - mean.mean(0)
    _, _, axes = np.linalg.svd(centred.numpy(), full_matrices=False)
    reduced = centred @ torch.from_numpy(axes[:width].T.copy())
    return reduced * (scale / reduced.std())


def _parts(piece: str, teacher: Tokenizer) -> list[int]:
    """The numbers of the teacher's pieces: of the spelling, lower case or capitalised, that needs fewer."""
    special = teacher.token_to_id(piece)
    if special is not None:
        return [special]
    spellings = (piece, WORD_START + piece[1:].capitalize() if piece.startswith(WORD_START) else piece)
    split: list[Any] = [[token.id for token in teacher.model.tokenize(text)] for text in spellings if text]
    return min(split, key=len) if split and split[0] else [number_of(teacher, "<unk>")]


def fast_tokenizer(tokenizer: Tokenizer, tokens: int) -> HuggingFaceTokenizer:
    """A tokenizer as Hugging Face's classes load it, with the special tokens of RoBERTa."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers ships it without types
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token=MASK,
        model_max_length=tokens,
        padding_side="right",
        truncation_side="right",
        model_input_names=["input_ids", "attention_mask"],
    )
