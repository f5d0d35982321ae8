import numpy as np
import pytest

from mh_batch.benchmark.runner import Result, largest_difference

# What a bare machine lacks, made unimportable before anything of the project is imported.
BARE = "import sys; sys.modules.update(dict.fromkeys(('pyspark', 'great_expectations')));"


def test_differences_compare_the_same_texts_only() -> None:
    one, other = Result("a", probabilities=[[0.1, 0.9], [0.5, 0.5]]), Result("b", probabilities=[[0.2, 0.8]])
    assert largest_difference(one, other) == pytest.approx(0.1)
    assert largest_difference(one, Result("c")) is None
    assert np.isclose(Result("d", 10, [1.0, 2.0, 4.0]).texts_per_second or 0, 5.0)
