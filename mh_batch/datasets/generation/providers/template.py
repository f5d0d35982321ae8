"""Our own phrase grammar as a provider: offline, free, and answered at once. It knows states, not categories."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence

from mh_batch.datasets.generation.answers import ModelAnswer
from mh_batch.datasets.generation.generation_plan import Request
from mh_batch.datasets.generation.providers.base import BatchRequest, BatchState
from mh_batch.datasets.grammar import load_grammar
from mh_batch.datasets.text_features import Band

MODEL = "phrase grammar"

_STATE_BY_OUTLOOK = {"positive": "neutral", "negative": "depressed"}
_TRIES = 40
_ENOUGH_WORDS = 9


class TemplateProvider:
    """Fills phrase templates. No batch is stored: its answers follow from its requests."""

    poll_seconds = 0.0
    settle_seconds = 0.0

    def __init__(self, outlooks: Mapping[str, str]) -> None:
        """Write each state of the recipe with the phrases that stand for its outlook."""
        self._states = {state: _STATE_BY_OUTLOOK[outlook] for state, outlook in outlooks.items()}

    def newest_batch(self) -> str | None:
        """No batch stays."""
        return None

    def create(self, asked: Sequence[BatchRequest]) -> str:
        """Name the batch after its first request."""
        return f"template-{asked[0].custom_id}"

    def batches_since(self, newest: str | None) -> Iterator[BatchState]:
        """No batch stays."""
        return iter(())

    def state(self, batch: str) -> BatchState:
        """Every batch has ended."""
        return BatchState(batch, True, 0, 0, 0, 0, 0)

    def answers(self, batch: str, asked: Sequence[BatchRequest]) -> Iterator[ModelAnswer]:
        """Write the texts."""
        for one in asked:
            rng = random.Random(one.custom_id)
            texts = [self._text(one.request, rng) for _ in range(one.request.texts)]
            answer = json.dumps({"texts": texts}, ensure_ascii=False)
            yield ModelAnswer(one.custom_id, "succeeded", model=MODEL, text=answer, stop_reason="end_turn")

    def _text(self, request: Request, rng: random.Random) -> str:
        """Draw a text of the length asked for, or, after some tries, the longest that is not longer."""
        grammar, best = load_grammar(request.language), ""
        for _ in range(_TRIES):
            drawn = grammar.text(self._states[request.state], _length(request.words, rng), rng)
            words = len(drawn.split())
            if request.words[0] <= words <= request.words[1]:
                return drawn
            best = drawn if not best or words <= request.words[1] else best
        return best


def _length(band: Band, rng: random.Random) -> int:
    # The fewer words, the fewer phrases there are: short texts may use all of their band.
    return band[1] if band[1] < _ENOUGH_WORDS else rng.randint(*band)
