"""Model folders as the package ships them: written, and read back as their users read them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

from mh_batch.training.untyped import HuggingFaceModel, HuggingFaceTokenizer
from mh_batch.training.vocabulary import MASK


def save(model: HuggingFaceModel, tokenizer: Tokenizer, folder: Path, tokens: int) -> int:
    """Write fp16 safetensors, configuration and tokenizer; return the size of the folder in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    model.to(torch.float16).save_pretrained(folder)
    _fast(tokenizer, tokens).save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)  # the weights are written for their owner only
    return sum(file.stat().st_size for file in folder.iterdir())


def _fast(tokenizer: Tokenizer, tokens: int) -> HuggingFaceTokenizer:
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


def folder_logits(folder: Path, texts: Sequence[str], batch_tokens: int = 4096) -> npt.NDArray[np.float64]:
    """Logits (texts by labels) by Hugging Face's own classes from a saved folder, in fp32, longest text first."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    rows = tokenizer(list(texts), truncation=True)["input_ids"]
    order = sorted(range(len(rows)), key=lambda row: -len(rows[row]))
    logits, done = np.zeros((len(rows), model.config.num_labels)), 0
    while done < len(order):
        chosen = order[done : done + max(1, batch_tokens // len(rows[order[done]]))]
        batch = tokenizer.pad({"input_ids": [rows[row] for row in chosen]}, return_tensors="pt")
        with torch.inference_mode():
            logits[chosen] = model(**batch).logits.numpy()
        done += len(chosen)
    return logits
