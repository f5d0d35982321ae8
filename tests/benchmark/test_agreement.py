import numpy as np
import pytest

from mh_batch.benchmark.agreement import compare_probabilities
from mh_batch.models import Model


def test_texts_that_are_given_other_labels_are_counted(longformer_mini: Model) -> None:
    calm, tense, failed = (0.9, 0.1, 0.1, 0.1), (0.9, 0.1, 0.3, 0.1), (np.nan,) * 4
    wanted, found = np.array([calm, calm, calm, calm, failed]), np.array([calm, tense, calm, failed, failed])
    agreement = compare_probabilities(longformer_mini, "int8", wanted, found)
    assert (agreement.texts, agreement.failed, agreement.flips) == (3, 1, 1)
    assert agreement.largest == pytest.approx(0.2)
    nothing = compare_probabilities(longformer_mini, "int8", wanted[4:], found[4:])
    assert (nothing.texts, nothing.failed, nothing.largest) == (0, 0, 0.0)
