import numpy as np

from mh_batch.inference import choose_execution
from mh_batch.inference.engines.packing import laid_out
from mh_batch.inference.scorer_loading import load_engine
from mh_batch.models import Model
from tests.inference.engines.random_models import sequences


def test_large_packs_are_filled_to_few_sizes_and_stay_exact(longformer_mini: Model, xlmr_mini: Model) -> None:
    rng = np.random.default_rng(0)
    windows = [[0, *rng.integers(4, 5000, length).tolist(), 2] for length in rng.integers(1, 120, 60)]
    ids, layout = laid_out(sequences(windows))
    assert len(ids) % 256 == 0
    assert 0 < layout.filling < 256
    for model in (longformer_mini, xlmr_mini):
        engine = load_engine(model, choose_execution(model), "cpu")
        alone = np.concatenate([engine.logits(sequences([window])) for window in windows])
        assert np.abs(engine.logits(sequences(windows)) - alone).max() <= 1e-4
