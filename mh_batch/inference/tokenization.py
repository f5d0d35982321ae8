"""Texts to token ids, with the checkpoint's own tokenizer."""

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from mh_batch.common.redaction import stderr_muted
from mh_batch.errors import PlatformError
from mh_batch.inference.error_types import failure_of, is_failure
from mh_batch.inference.token_sequences import TokenizedTexts, TokenSequences
from mh_batch.inference.windows import WindowFrame
from mh_batch.models import Model
from mh_batch.models.checkpoint import read_config
from mh_batch.models.inspection import is_said_by_one_file, is_taken_as_it_stands, refused

# Why a text fails that holds nothing that the tokenizer knows.
NO_TOKENS = "no_tokens"

_PROBE = "a"
_PAD_TOKENS = ("<pad>", "[PAD]")

Encode = Callable[[list[str], bool], TokenSequences]


class TextTokenizer:
    """A checkpoint's tokenizer, split into what it does to a text and what it puts around each window."""

    def __init__(self, folder: Path) -> None:
        """Load the tokenizer in `folder`; ModelError if it cannot be read."""
        try:
            with stderr_muted():
                self._encode, self.pad_id = _plain(folder) if _is_plain(folder) else _transformers(folder)
                self._prefix, self._suffix = self._specials()
        except PlatformError:
            raise
        except BaseException as error:  # whatever a broken tokenizer file makes the libraries raise, panics included
            if not is_failure(error):
                raise
            raise refused(folder, f"its tokenizer cannot be loaded ({type(error).__name__})") from error

    @property
    def special_ids(self) -> list[int]:
        """Ids of what stands around each window, and of padding."""
        return [*self._prefix, *self._suffix, self.pad_id]

    def frame(self, longest: int, overlap: int) -> WindowFrame:
        """Return how texts are cut for a model that reads `longest` tokens at once, special tokens included."""
        size = longest - len(self._prefix) - len(self._suffix)
        return WindowFrame(size, overlap, tuple(self._prefix), tuple(self._suffix))

    def encode(self, texts: Sequence[str]) -> TokenSequences:
        """Return each text's token ids, whole, without special tokens."""
        with stderr_muted():
            return self._encode(list(texts), False)

    def tokenize(self, texts: Sequence[str]) -> TokenizedTexts:
        """Return texts as token ids; one that cannot be tokenised has a failure and harms no other."""
        try:
            tokens = self.encode(texts)
        except BaseException as error:  # one text must not take its neighbours with it
            if not is_failure(error):
                raise
            if len(texts) <= 1:
                return TokenizedTexts(TokenSequences.of([[] for _ in texts]), {0: failure_of(error)} if texts else {})
            half = len(texts) // 2
            return TokenizedTexts.joined([self.tokenize(texts[:half]), self.tokenize(texts[half:])])
        return TokenizedTexts(tokens, dict.fromkeys(np.flatnonzero(tokens.lengths == 0).tolist(), NO_TOKENS))

    def _specials(self) -> tuple[list[int], list[int]]:
        bare, whole = (self._encode([_PROBE], special).ids.tolist() for special in (False, True))
        start = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
        return whole[:start], whole[start + len(bare) :]


def load_tokenizer(model: Model) -> TextTokenizer:
    """Load a model's tokenizer; ModelError if it cannot be read, or is sound by itself and another model's."""
    tokenizer = TextTokenizer(model.tokenizer_folder)
    words = read_config(model.folder).get("vocab_size")
    around = len(tokenizer.special_ids) - 1
    if words is not None and not 0 <= max(tokenizer.special_ids) < words:
        raise refused(model.tokenizer_folder, f"its tokenizer uses ids beyond the model's {words:,} words")
    if model.card.max_tokens - around <= model.card.overlap:
        raise refused(model.tokenizer_folder, f"its tokenizer puts {around:,} tokens around each window")
    return tokenizer


def _is_plain(folder: Path) -> bool:
    return is_taken_as_it_stands(folder) and is_said_by_one_file(folder)


def _plain(folder: Path) -> tuple[Encode, int]:
    """The tokenizer as its file describes it: transformers, which takes seconds to import, would add nothing."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def encode(texts: list[str], special: bool) -> TokenSequences:
        encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=special)
        return TokenSequences.of([encoding.ids for encoding in encodings])

    pads = [number for token in _PAD_TOKENS if (number := tokenizer.token_to_id(token)) is not None]
    return encode, pads[0] if pads else 0


def _transformers(folder: Path) -> tuple[Encode, int]:
    _check_packages(folder)
    quiet_transformers()
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)

    def encode(texts: list[str], special: bool) -> TokenSequences:
        ids: list[list[int]] = tokenizer(
            texts, add_special_tokens=special, truncation=False, return_attention_mask=False, verbose=False
        )["input_ids"]
        return TokenSequences.of(ids)

    return encode, tokenizer.pad_token_id or 0


def _check_packages(folder: Path) -> None:
    """Raise PlatformError if all a folder has is a vocabulary of SentencePiece, and what reads it is not installed."""
    if (folder / "tokenizer.json").is_file() or not list(folder.glob("*.model")):
        return
    if any(find_spec(package) is None for package in ("sentencepiece", "google.protobuf")):
        raise PlatformError(
            f"the tokenizer in {folder} is one of SentencePiece, which needs packages that are not installed: "
            "pip install 'mh-batch[sentencepiece]'"
        )


def quiet_transformers() -> None:
    """Keep progress bars and advice of transformers out of the job's output: ours say more."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers' own function is not typed
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # as above
