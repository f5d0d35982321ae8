import numpy as np
import pytest

from mh_batch.benchmark.peak import matrix_peak, operations, operations_of


def test_operations_of_a_base_model_are_two_for_each_weight_and_the_scores() -> None:
    base = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}
    weights = 12 * (4 * 768**2 + 2 * 768 * 3072)
    assert operations(base, tokens=10, length=0) == 10 * 2 * weights
    assert operations(base, 1, 100) - operations(base, 1, 0) == 12 * 2 * 2 * 100 * 768
    local = {**base, "attention_window": [40] * 12}
    assert operations(local, 1, 100) - operations(base, 1, 0) == 12 * 2 * 2 * 42 * 768
    assert operations(local, 1, 30) == operations(base, 1, 30)


def test_operations_of_many_lengths_are_the_sum_of_those_of_each() -> None:
    base = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}
    each = operations(base, 5, 5) + operations(base, 9, 9) + operations(base, 5, 5)
    assert operations_of(base, np.array([5, 9, 5])) == pytest.approx(each)


def test_the_peak_is_a_speed_that_a_machine_can_have() -> None:
    assert 1e8 < matrix_peak("fp32", "cpu") < 1e13
