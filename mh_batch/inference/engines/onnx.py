"""The exact engines' own graphs under ONNX Runtime, in fp32 or with int8 weights and activations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from mh_batch.errors import PlatformError
from mh_batch.inference.engines.base import Computed, Engine, Logits
from mh_batch.inference.engines.layers import Config
from mh_batch.inference.token_sequences import TokenSequences
from mh_batch.models.checkpoint import GRAPHS, GraphPrecision, graph_precisions
from mh_batch.models.inspection import refused

_INPUTS = {"input_ids", "attention_mask"}
_INSTALL = "engine onnx needs packages that are not installed: pip install 'mh-batch[onnx]'"


class OnnxEngine(Engine):
    """Runs an exported folder, or a checkpoint that an exact engine fits, exported when a machine first needs it."""

    pads_to = 0

    def __init__(self, folder: Path, config: Config, precision: GraphPrecision, files_digest: str) -> None:
        """Load the checkpoint in `folder`.

        Args:
            folder: Checkpoint, or exported folder.
            config: Its configuration.
            precision: "fp32" or "int8".
            files_digest: Digest of the model's files, under which this machine keeps the graph made of them.

        Raises:
            ModelError: the graph cannot be loaded, or is not that of a classifier of texts.
            PlatformError: a package is not installed.
        """
        try:
            from onnxruntime import InferenceSession, SessionOptions
        except ImportError:
            raise PlatformError(_INSTALL) from None
        options = SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        own = precision in graph_precisions(folder)
        graph = folder / GRAPHS[precision] if own else _made(folder, config, precision, files_digest)
        try:
            self._session = InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library has a dozen kinds, all of them its own
            raise refused(graph, f"it cannot be loaded ({type(error).__name__}): damaged?") from None
        if {node.name for node in self._session.get_inputs()} != _INPUTS:
            raise refused(graph, f"it does not take {' and '.join(sorted(_INPUTS))} and nothing else")

    def submit(self, windows: TokenSequences) -> Computed:
        """Compute the logits (windows x outputs)."""
        lengths = windows.lengths
        order = np.argsort(lengths, kind="stable")
        found: list[Logits] = []
        for rows in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
            ids = windows.take(rows).ids.astype(np.int64).reshape(len(rows), -1)
            fed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            found.append(self._session.run(None, fed)[0].astype(np.float64))
        return Computed(np.concatenate(found)[np.argsort(order)])


def _made(folder: Path, config: Config, precision: GraphPrecision, files_digest: str) -> Path:
    try:
        from mh_batch.inference.engines.onnx_graph import graph_of
    except ImportError:
        raise PlatformError(_INSTALL) from None
    return graph_of(folder, config, precision, files_digest)
