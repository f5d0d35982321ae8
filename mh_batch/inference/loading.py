"""From a model's files to a scorer."""

from mh_batch.inference.engines import Engine, exact
from mh_batch.inference.scorer import Scorer
from mh_batch.inference.tokenization import TextTokenizer
from mh_batch.models import Model
from mh_batch.models.checkpoint import read_config
from mh_batch.settings import DEFAULT_TOKEN_BUDGET

# What every engine computes in today; part of a model's fingerprint.
PRECISION = "fp32"


def load_scorer(model: Model, device: str = "cpu", token_budget: int = DEFAULT_TOKEN_BUDGET) -> Scorer:
    """Load a model's tokenizer and weights.

    Args:
        model: A located model.
        device: "cpu", or "cuda:N".
        token_budget: Padded tokens that one batch may hold.

    Raises:
        ModelError: a file of the model cannot be loaded.
    """
    tokenizer = TextTokenizer(model.tokenizer_folder)
    return Scorer(model, tokenizer, load_engine(model, tokenizer.pad_id, device), token_budget)


def engine_name(model: Model) -> str:
    """Return which engine runs the model: `exact` where one fits the checkpoint, else `reference`."""
    return "exact" if exact.fits(model.folder, read_config(model.folder)) else "reference"


def load_engine(model: Model, pad_id: int, device: str) -> Engine:
    """Load the engine that runs the model; ModelError if the weights do not fit it."""
    if engine_name(model) == "exact":
        return exact.load(model.folder, read_config(model.folder), device)
    # transformers takes seconds to import: only models that need it wait for it.
    from mh_batch.inference.engines.huggingface import HuggingFaceEngine

    return HuggingFaceEngine(model.folder, pad_id, device)
