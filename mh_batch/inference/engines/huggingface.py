"""The reference engine: Hugging Face's own model, padded to the longest window of a batch."""

from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification

from mh_batch.errors import ModelError
from mh_batch.inference.engines.base import Computed, Engine
from mh_batch.inference.engines.padding import padded
from mh_batch.inference.engines.transfer import computing_on
from mh_batch.inference.token_sequences import TokenSequences
from mh_batch.inference.tokenization import quiet_transformers
from mh_batch.models.inspection import refused


class HuggingFaceEngine(Engine):
    """Any sequence classifier that transformers can load from safetensors."""

    def __init__(self, folder: Path, pad_id: int, device: str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        """Load the checkpoint in `folder` onto `device` ("cpu", "cuda:0", ...) to compute in `dtype`.

        ModelError if it cannot be loaded.
        """
        quiet_transformers()
        self._pad_id = pad_id
        self._device = torch.device(device)
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
        self._model = model.to(self._device).eval()
        windows = getattr(model.config, "attention_window", 1)
        self.pads_to = max(windows) if isinstance(windows, list) else int(windows)

    def submit(self, windows: TokenSequences) -> Computed:
        """Compute the logits (windows x outputs)."""
        ids, valid = padded(windows, self._pad_id)
        with computing_on(self._device):
            output = self._model(input_ids=ids.to(self._device), attention_mask=valid.long().to(self._device))
            return Computed(output.logits.double().cpu().numpy())
