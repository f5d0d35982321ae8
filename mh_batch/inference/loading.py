"""From a model's files to a scorer."""

from mh_batch.inference.engines import Engine
from mh_batch.inference.scorer import DEFAULT_TOKEN_BUDGET, Scorer
from mh_batch.inference.tokenization import TextTokenizer
from mh_batch.models import Model

# What runs a model today; both are part of what a run says of itself.
ENGINE = "reference"
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
    return Scorer(model, tokenizer, load_engine(model, tokenizer, device), token_budget)


def load_engine(model: Model, tokenizer: TextTokenizer, device: str) -> Engine:
    """Load the engine that runs the model."""
    quiet_transformers()
    from mh_batch.inference.engines.huggingface import HuggingFaceEngine

    return HuggingFaceEngine(model.folder, tokenizer.pad_id, device)


def quiet_transformers() -> None:
    """Keep progress bars and advice of transformers out of the job's output: ours say more."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers' own function is not typed
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # as above
