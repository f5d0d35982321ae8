"""Texts to token ids, with the checkpoint's own tokenizer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mh_batch.errors import ModelError

_PROBE = "a"


class TextTokenizer:
    """A checkpoint's tokenizer, split into what it does to a text and what it puts around each window."""

    def __init__(self, folder: Path) -> None:
        """Load the tokenizer in `folder`; ModelError if it cannot be read."""
        from transformers import AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except Exception as error:  # whatever a broken tokenizer file makes the library raise
            raise ModelError(f"the tokenizer in {folder} cannot be loaded ({type(error).__name__})") from error
        self._prefix, self._suffix = self._specials()
        self.pad_id: int = self._tokenizer.pad_token_id or 0

    @property
    def n_special(self) -> int:
        """Special tokens around each window."""
        return len(self._prefix) + len(self._suffix)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return each text's token ids, whole, without special tokens."""
        encoded = self._tokenizer(
            list(texts), add_special_tokens=False, truncation=False, return_attention_mask=False, verbose=False
        )
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def enclose(self, window: Sequence[int]) -> list[int]:
        """Return the window between the special tokens that the model was trained with."""
        return [*self._prefix, *window, *self._suffix]

    def _specials(self) -> tuple[list[int], list[int]]:
        bare = self.encode([_PROBE])[0]
        whole: list[int] = self._tokenizer(_PROBE)["input_ids"]
        start = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
        return whole[:start], whole[start + len(bare) :]
