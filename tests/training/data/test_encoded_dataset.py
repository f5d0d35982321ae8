import numpy as np
import pytest

from mh_batch.training.data.encoded_dataset import LengthBucketedSampler

LENGTHS = [int(length) for length in np.random.default_rng(0).lognormal(3, 1, 6_410)]


def order(seed: int = 1, epoch: int = 0) -> list[int]:
    return list(LengthBucketedSampler(LENGTHS, 64, seed, lambda: epoch))


def test_each_row_comes_once_an_epoch() -> None:
    assert sorted(order()) == list(range(len(LENGTHS)))


def test_batches_hold_like_lengths_and_little_padding() -> None:
    cut = [[LENGTHS[row] for row in order()[start : start + 64]] for start in range(0, len(LENGTHS), 64)]
    shuffled = np.random.default_rng(0).permutation(LENGTHS)
    padded = sum(max(batch) * len(batch) for batch in cut)
    padded_by_chance = sum(max(shuffled[start : start + 64]) * 64 for start in range(0, len(LENGTHS), 64))
    assert padded < 1.25 * sum(LENGTHS) < 0.5 * padded_by_chance


def test_batches_do_not_lead_from_long_to_short() -> None:
    means = [
        np.mean([LENGTHS[row] for row in order()[start : start + 64]]) for start in range(0, len(LENGTHS) - 64, 64)
    ]
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.3


@pytest.mark.parametrize(("other", "same"), [((1, 0), True), ((2, 0), False), ((1, 1), False)])
def test_the_order_depends_on_seed_and_epoch_alone(other: tuple[int, int], same: bool) -> None:
    assert (order() == order(*other)) is same
