"""The reference engine: Hugging Face's own model, on windows of one length at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModelForSequenceClassification

from mh_batch.errors import ModelError
from mh_batch.inference.engines.base import Computed, Engine, Logits
from mh_batch.inference.engines.transfer import computing_on
from mh_batch.inference.token_sequences import Integers, TokenSequences
from mh_batch.inference.tokenization import quiet_transformers
from mh_batch.models.inspection import refused

# How far logits of one window may be apart, of the largest of them (one at least), for a model to say the same twice.
_TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 0.05, torch.float16: 0.01}


class HuggingFaceEngine(Engine):
    """Any sequence classifier that transformers can load from safetensors.

    Windows are never padded: what padding does to a score depends on the architecture. Some read it (FNet), some take
    their answer from the last position (XLNet), or from the last that is no padding, by an id that need not be the
    tokenizer's (decoders).
    """

    def __init__(
        self,
        folder: Path,
        device: str = "cpu",
        dtype: torch.dtype = torch.float32,
        probes: TokenSequences | None = None,
    ) -> None:
        """Load the checkpoint in `folder` onto `device` ("cpu", "cuda:0", ...) to compute in `dtype`.

        Args:
            folder: Checkpoint.
            device: "cpu" or "cuda:N".
            dtype: What to compute in.
            probes: Windows, two or more of each of some lengths, on which to try whether scores can be relied upon:
                where they are others together than alone, each window will be computed alone.

        Raises:
            ModelError: it cannot be loaded or cannot read a probe, or says something else of it each time.
        """
        quiet_transformers()
        self._device = torch.device(device)
        self._folder, self._dtype = folder, dtype
        try:
            model, loaded = AutoModelForSequenceClassification.from_pretrained(
                folder,
                dtype=dtype,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        except Exception as error:  # whatever a broken checkpoint makes the library raise
            raise ModelError(f"the model in {folder} cannot be loaded ({type(error).__name__}: {error})") from error
        if missing := sorted(loaded["missing_keys"]):
            # The library would make them up.
            raise refused(folder, f"its weights lack {missing[0]}: no sequence classifier?")
        self._model: Any = model.to(self._device).eval()
        windows = getattr(model.config, "attention_window", 0)
        self.pads_to = max(windows) if isinstance(windows, list) else int(windows)
        self._is_alone = False
        if probes is not None:
            self._try(probes)

    def submit(self, windows: TokenSequences) -> Computed:
        """Compute the logits (windows x outputs)."""
        found = np.empty(0)
        for rows in self._batches(windows.lengths):
            logits = self._logits(windows.take(rows).ids.reshape(len(rows), -1))
            if not found.size:
                found = np.empty((len(windows), logits.shape[1]))
            found[rows] = logits
        return Computed(found)

    def _batches(self, lengths: Integers) -> list[Integers]:
        """Rows of windows to compute together: of one length, or one at a time."""
        order = np.argsort(lengths, kind="stable")
        if self._is_alone:
            return np.array_split(order, len(order))
        return np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1)

    def _logits(self, ids: np.ndarray[Any, np.dtype[np.int32]]) -> Logits:
        with computing_on(self._device):
            logits: Tensor = self._model(input_ids=torch.from_numpy(ids).long().to(self._device)).logits
            return np.asarray(logits.double().cpu().numpy())

    def _try(self, probes: TokenSequences) -> None:
        rows = [np.array([row]) for row in range(len(probes))]
        try:
            alone, again = (
                np.concatenate([self._logits(probes.take(row).ids[None]) for row in rows]) for _ in range(2)
            )
        except Exception as error:  # whatever an architecture raises that needs more than token ids
            raise self._refused(f"cannot read a text ({type(error).__name__})") from error
        if not self._same(alone, again):
            raise self._refused("says something else of the same text each time")
        try:
            together = self.logits(probes)
        except Exception:  # some decoders take one window only, where nothing says what padding is
            self._is_alone = True
        else:
            self._is_alone = not self._same(alone, together)

    def _refused(self, why: str) -> ModelError:
        name = self._model.config.model_type
        return refused(
            self._folder, f"a model of architecture {name} {why}", "Use a checkpoint of another architecture"
        )

    def _same(self, one: Logits, other: Logits) -> bool:
        tolerance = _TOLERANCES[self._dtype] * max(1.0, float(np.abs(one).max()))
        return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=tolerance))
