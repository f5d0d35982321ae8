"""From a model's files to a scorer."""

from mh_batch.inference.engines import Engine, exact
from mh_batch.inference.execution import DTYPES, Execution, choose_execution
from mh_batch.inference.memory import token_budget
from mh_batch.inference.scorer import Scorer
from mh_batch.inference.tokenization import load_tokenizer
from mh_batch.models import Model
from mh_batch.models.checkpoint import GraphPrecision, read_config


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
    engine = load_engine(model, execution, tokenizer.pad_id, device, shared)
    width = 4 if execution.precision in ("fp32", "int8") else 2
    return Scorer(model, tokenizer, engine, budget or token_budget(read_config(model.folder), width, device))


def load_engine(model: Model, execution: Execution, pad_id: int, device: str, shared: bool = False) -> Engine:
    """Load the engine that runs the model; ModelError if the weights do not fit it."""
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

    return HuggingFaceEngine(model.folder, pad_id, device, dtype)
