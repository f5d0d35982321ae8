import pytest

from mh_batch.inference import choose_execution
from mh_batch.inference.scorer_loading import load_engine
from mh_batch.models import Model
from tests.inference.engines.random_models import sequences


def test_a_token_beyond_the_vocabulary_is_an_error_before_it_reaches_the_device(xlmr_mini: Model) -> None:
    engine = load_engine(xlmr_mini, choose_execution(xlmr_mini), "cpu")
    with pytest.raises(ValueError, match="beyond the vocabulary"):
        engine.logits(sequences([[0, 5, 2], [0, 10_000_000, 2]]))
