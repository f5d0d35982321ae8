"""Loading a scorer from a model's files: its tokenizer, its engine, and how many tokens fit into one batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from mh_batch.inference.engines import Engine, exact
from mh_batch.inference.execution import DTYPES, Execution, choose_execution
from mh_batch.inference.scorer import Scorer
from mh_batch.inference.token_sequences import TokenSequences
from mh_batch.inference.tokenization import TextTokenizer, load_tokenizer
from mh_batch.inference.windows import WindowFrame
from mh_batch.models import Model
from mh_batch.models.checkpoint import GraphPrecision, read_config

_PROBE = "Today I walked along the river with a friend, and we talked about what may come next."
_PROBE_TOKENS = (3, 12, 60)

# Longer batches do not make the matrix products of a CPU core faster, only its caches colder.
_MOST_ON_CPU = 8_192
_MOST_ON_GPU = 65_536
_LEAST = 16
_BYTES_ON_CPU = 512 * 2**20
_SHARE_OF_GPU = 0.5


def load_scorer(
    model: Model,
    execution: Execution | None = None,
    device: str = "cpu",
    budget: int | None = None,
    shared: bool = False,
) -> Scorer:
    """Load a model's tokenizer and weights.

    Args:
        model: A located model.
        execution: Engine and precision; the fastest exact engine in fp32 if None.
        device: "cpu", or "cuda:N"; ONNX Runtime computes on the CPU all the same.
        budget: Tokens that one batch may hold, padding included; by the model's size and the device's memory if None.
        shared: Other processes of this machine run the same model: map its weights instead of copying them.

    Raises:
        ModelError: a file of the model cannot be loaded.
        PlatformError: the engine needs packages that are not installed.
    """
    execution = execution or choose_execution(model)
    if execution.engine == "onnx":
        device = "cpu"
    tokenizer = load_tokenizer(model)
    probes = _probes(tokenizer, tokenizer.frame(model.card.max_tokens, model.card.overlap))
    engine = load_engine(model, execution, device, shared, probes)
    width = 4 if execution.precision in ("fp32", "int8") else 2
    return Scorer(model, tokenizer, engine, budget or token_budget(read_config(model.folder), width, device))


def load_engine(
    model: Model, execution: Execution, device: str, shared: bool = False, probes: TokenSequences | None = None
) -> Engine:
    """Load the engine that runs the model.

    Args:
        model: A located model.
        execution: Engine and precision.
        device: "cpu" or "cuda:N".
        shared: As of `load_scorer`.
        probes: Windows on which to try an engine that is not our own.

    Raises:
        ModelError: the weights do not fit the engine, or what it says of the probes cannot be relied upon.
    """
    if execution.engine == "onnx":
        from mh_batch.inference.engines.onnx import OnnxEngine

        precision: GraphPrecision = "int8" if execution.precision == "int8" else "fp32"
        return OnnxEngine(model.folder, read_config(model.folder), precision, model.files_digest)
    dtype = DTYPES[execution.precision]
    if execution.engine == "exact":
        shared_as = model.files_digest if shared else None
        return exact.load(model.folder, read_config(model.folder), device, dtype, shared_as)
    # transformers takes seconds to import: only models that need it wait for it.
    from mh_batch.inference.engines.huggingface import HuggingFaceEngine

    return HuggingFaceEngine(model.folder, device, dtype, probes)


def _probes(tokenizer: TextTokenizer, frame: WindowFrame) -> TokenSequences:
    """Windows of some lengths, two of each that begin at other words of a sentence."""
    words = np.resize(tokenizer.encode([_PROBE]).ids, max(_PROBE_TOKENS) + 1)
    lengths = np.repeat(np.minimum(_PROBE_TOKENS, frame.size), 2)
    return frame.enclosed(words, np.arange(len(lengths)) % 2, lengths)


def token_budget(config: Mapping[str, Any], bytes_per_number: int, device: str) -> int:
    """Return the tokens that a batch may hold; a longer window stands alone.

    Per token a layer holds at once the states before it, query, key, value, what attention mixed, and the inner states
    of the feed-forward network twice, before and after their activation.

    Args:
        config: Configuration of the checkpoint.
        bytes_per_number: Of the precision that it computes in.
        device: "cpu" or "cuda:N".
    """
    numbers = 6 * int(config.get("hidden_size", 768)) + 2 * int(config.get("intermediate_size", 3072))
    if device == "cpu":
        room, most = _BYTES_ON_CPU, _MOST_ON_CPU
    else:
        room, most = int(torch.cuda.mem_get_info(device)[0] * _SHARE_OF_GPU), _MOST_ON_GPU
    return max(_LEAST, min(most, room // (numbers * bytes_per_number)))
