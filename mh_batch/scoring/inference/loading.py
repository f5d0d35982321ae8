"""What the two stages of inference ask a model's loader for: its tokenizer, and what scores token ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mh_batch.models import Model

if TYPE_CHECKING:  # a worker that only tokenises waits for neither
    from mh_batch.inference.execution import Execution
    from mh_batch.inference.portion import ScoredTexts
    from mh_batch.inference.token_sequences import TokenizedTexts


class Tokenizer(Protocol):
    """Makes token ids of texts."""

    def tokenize(self, texts: list[str]) -> TokenizedTexts:
        """Return texts as token ids; one that cannot be tokenised has a failure and harms no other."""


class TokenScorer(Protocol):
    """What scores a stream of token ids."""

    def score_tokens(self, texts: Iterable[TokenizedTexts]) -> Iterator[ScoredTexts]:
        """Yield what the model says of texts, numbered as they come, in any order."""


class ModelLoader(Protocol):
    """Loads a model's parts in the workers: picklable, and hashable, since a worker keeps parts by their loader."""

    def tokenizer(self, model: Model) -> Tokenizer:
        """Load a model's tokenizer."""

    def scorer(self, model: Model, execution: Execution, device: str, token_budget: int | None) -> TokenScorer:
        """Load what scores token ids on a device ("cpu", "cuda:N"), in batches of so many padded tokens."""


@dataclass(frozen=True)
class SharedModels:
    """Loads models whose weights the workers of a machine share."""

    def tokenizer(self, model: Model) -> Tokenizer:
        """Load a model's tokenizer."""
        from mh_batch.inference.tokenization import load_tokenizer

        return load_tokenizer(model)

    def scorer(self, model: Model, execution: Execution, device: str, token_budget: int | None) -> TokenScorer:
        """Load a model's weights."""
        from mh_batch.inference import load_scorer

        return load_scorer(model, execution, device, token_budget, shared=True)
